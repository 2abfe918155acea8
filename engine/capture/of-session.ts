/**
 * What belongs to a session and stays in its process: its verbs, what opens one, the session itself. A function that captures it would travel with
 * sockets and all, or fail on the first worker; so it is marked with what it is, and refused by that.
 */

import { types } from "node:util"

/** One symbol for all copies of the library in a process: a program may reach it by another path than who runs it. */
const mark = Symbol.for("rivulet.ofSession")

/** Marks it, and gives it back. `what`: after "is", as in `textFile is the session's textFile`. */
export function ofSession<T extends object>(what: string, value: T): T {
  return Object.defineProperty(value, mark, { value: what, configurable: true })
}

/** What of a session it is; null for all else. */
export function partOfSession(value: object): string | null {
  // Asking a proxy would run its code.
  if (types.isProxy(value)) return null
  const what = (value as { [mark]?: unknown })[mark]
  return typeof what === "string" ? what : null
}

/** What to do instead. */
export function insteadOf(what: string, onDriver: boolean): string {
  if (/clock$/.test(what)) return "Date.now(), which is the interval's start in a function"
  return onDriver
    ? "call it before, and capture the stream or RDD that it gives"
    : "call it before, outside of the function, and join with the stream or RDD that it gives; or capture plain data of it"
}
