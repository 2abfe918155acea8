/** After which events there may be something new to start. */

import type { NodeEvent } from "../ports.js"
import type { Message } from "../protocol.js"

/** They are most of what a large cluster sends. */
const bringsNothing: ReadonlySet<Message["kind"]> = new Set(["heartbeat", "hello", "copied", "log", "assetRequest"] as const)

export function bringsSomething(event: NodeEvent): boolean {
  if (event.kind === "received") return !bringsNothing.has(event.message.kind)
  return event.kind !== "reached" && event.kind !== "unreached" && event.kind !== "call"
}
