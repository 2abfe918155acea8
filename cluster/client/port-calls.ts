/**
 * The same calls over a MessagePort: the machine lives in another thread (ZeroMQ is for main threads only), the session here.
 * Closing the port's session side leaves the machine alone; several ports may share one machine.
 */

import type { MessagePort } from "node:worker_threads"
import { RivuletError } from "../../engine/errors.js"
import type { Command } from "../ports.js"
import { type ClientCall, type ClientPush, type LocalCall, pushCall } from "./call.js"
import { AnswerError, type CallAnswer, type CallOptions, CallTable, type ClientCalls } from "./calls.js"

type AnswerCommand = Extract<Command, { readonly kind: "answer" }>

/** A session's side. `now`: the clock of this thread. */
export class PortCalls implements ClientCalls {
  readonly #port: MessagePort
  readonly #now: () => number
  readonly #table: CallTable

  constructor(port: MessagePort, now: () => number) {
    this.#port = port
    this.#now = now
    this.#table = new CallTable(call => port.postMessage(call))
    port.on("message", (answer: AnswerCommand) => this.#table.answer(answer))
    port.on("close", () => this.#table.end(new RivuletError("the connection is closed", { code: 1 })))
  }

  call(call: ClientCall, options?: CallOptions): Promise<CallAnswer> {
    return this.#table.call(call, options)
  }
  onPush(handler: (push: ClientPush) => void): () => void {
    return this.#table.onPush(handler)
  }
  now(): number {
    return this.#now()
  }
  async close(): Promise<void> {
    this.#table.end(new RivuletError("the session is closed", { code: 1 }))
    this.#port.close()
  }
}

/**
 * The machine's side: carries a port's calls to `calls`. When the port closes, its open calls are cancelled.
 * `onAsking` hears when the first question is under way, and when none is any more.
 */
export function serveCalls(port: MessagePort, calls: ClientCalls, onAsking: (asking: boolean) => void = () => {}): void {
  const open = new Map<number, AbortController>()
  let questions = 0
  const reply = (answer: Omit<AnswerCommand, "kind">) => port.postMessage({ kind: "answer", ...answer })
  const stopPushes = calls.onPush(value => reply({ call: pushCall, value }))
  port.on("message", ({ id, call, payload }: LocalCall) => {
    if (call.kind === "cancel") return open.get(call.call)?.abort()
    const controller = new AbortController()
    open.set(id, controller)
    const asks = call.kind === "query"
    if (asks && ++questions === 1) onAsking(true)
    const answered = calls.call(call, { signal: controller.signal, ...(payload && { payload }) })
    answered
      .then(
        ({ value, payload: blocks }) => reply({ call: id, value, payload: blocks }),
        error => reply({ call: id, error: errorData(error) }),
      )
      .finally(() => {
        open.delete(id)
        if (asks && --questions === 0) onAsking(false)
      })
  })
  port.on("close", () => {
    stopPushes()
    for (const controller of open.values()) controller.abort()
  })
}

function errorData(error: unknown): NonNullable<AnswerCommand["error"]> {
  if (!(error instanceof RivuletError)) return { message: String(error), code: 1 }
  const { code, try: attempt } = error
  const { said: message, failure } = error instanceof AnswerError ? error : { said: error.message, failure: undefined }
  return { message, code, ...(attempt !== undefined && { try: attempt }), ...(failure && { failure }) }
}
