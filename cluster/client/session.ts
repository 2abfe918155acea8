/** Sessions: how to get one, and what it is. */

export { ClientSession } from "./client-session.js"
export { type ConnectOptions, connect, defaultMaster, openCalls } from "./connect.js"
export { createSession, programPartitions, type SessionOptions } from "./create-session.js"
export type { Defined } from "./defined.js"
export type { Subscription, WatchUpdate } from "./watch.js"
