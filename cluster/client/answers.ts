/** The client machine's commands: to its master, and to the local caller. */

import type { Command } from "../ports.js"
import type { Message } from "../protocol.js"
import { type ClientPush, pushCall } from "./call.js"

export type AnswerError = NonNullable<Extract<Command, { kind: "answer" }>["error"]>

export function toMaster(message: Message): Command {
  return { kind: "send", to: "master", message }
}

export function answer(call: number, value: unknown, payload?: readonly Uint8Array[]): Command {
  return { kind: "answer", call, value, ...(payload && { payload }) }
}

export function failed(call: number, error: AnswerError): Command {
  return { kind: "answer", call, error }
}

export function push(value: ClientPush): Command {
  return { kind: "answer", call: pushCall, value }
}
