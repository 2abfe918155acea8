/**
 * What a session needs of whatever runs its machine: one way to call, one way to hear. Here over a runtime in this thread;
 * `port-calls.ts` is the same over a MessagePort.
 */

import { RivuletError } from "../../engine/errors.js"
import type { TaskFailure } from "../../engine/task.js"
import type { Command } from "../ports.js"
import { type ClientCall, type ClientPush, cancelledCode, type LocalCall, pushCall } from "./call.js"
import { failureMessage } from "./failure-text.js"

export interface CallOptions {
  /** Aborting ends the call: it is rejected with code 130, and the cluster's work for it is freed. */
  readonly signal?: AbortSignal
  readonly payload?: readonly Uint8Array[]
}

export interface CallAnswer {
  readonly value: unknown
  readonly payload: readonly Uint8Array[]
}

export interface ClientCalls {
  call(call: ClientCall, options?: CallOptions): Promise<CallAnswer>
  /** The handler gets every push until the function that comes back is called. */
  onPush(handler: (push: ClientPush) => void): () => void
  /** The wall clock, epoch ms (a simulated cluster's: its own). */
  now(): number
  /** Ends the connection. Open calls are rejected. */
  close(): Promise<void>
}

/** An error that came from a worker's task says what the worker knows of it: the user's line, the record, the interval. */
export class AnswerError extends RivuletError {
  readonly failure: TaskFailure | undefined
  /** As the master said it, without where it happened. */
  readonly said: string
  /** Functions and data that the master does not have, and that did not come with the request. */
  readonly lacking: readonly string[] | undefined

  constructor(error: NonNullable<AnswerCommand["error"]>) {
    const { message, failure } = error
    super(failure === undefined ? message : failureMessage(message, failure), { code: error.code, try: error.try })
    this.failure = failure
    this.said = message
    this.lacking = error.lacking
    // It is a user's to read, who prints errors as Node does: what the text says is enough.
    for (const name of ["said", "lacking"]) Object.defineProperty(this, name, { enumerable: false })
  }
}

type AnswerCommand = Extract<Command, { readonly kind: "answer" }>

interface Pending {
  resolve(answer: CallAnswer): void
  reject(error: Error): void
  readonly done: () => void
}

/** Numbers calls and joins answers to them. Knows no thread: what it has goes through `post`, what comes back to `answer`. */
export class CallTable {
  readonly #post: (call: LocalCall) => void
  readonly #pending = new Map<number, Pending>()
  readonly #handlers = new Set<(push: ClientPush) => void>()
  #next = 1
  #ended: Error | null = null

  constructor(post: (call: LocalCall) => void) {
    this.#post = post
  }

  call(call: ClientCall, { signal, payload }: CallOptions = {}): Promise<CallAnswer> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    if (signal?.aborted) return Promise.reject(cancelled())
    const id = this.#next++
    return new Promise((resolve, reject) => {
      const cancel = () => this.#post({ id: this.#next++, call: { kind: "cancel", call: id } })
      signal?.addEventListener("abort", cancel, { once: true })
      this.#pending.set(id, { resolve, reject, done: () => signal?.removeEventListener("abort", cancel) })
      this.#post({ id, call, ...(payload && { payload }) })
    })
  }

  onPush(handler: (push: ClientPush) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /** Of the machine. An answer to a call that nobody waits for any more is dropped. */
  answer({ call, value, payload = [], error }: Omit<AnswerCommand, "kind">): void {
    if (call === pushCall) {
      for (const handler of [...this.#handlers]) handler(value as ClientPush)
      return
    }
    const pending = this.#pending.get(call)
    if (pending === undefined) return
    this.#pending.delete(call)
    pending.done()
    if (error) pending.reject(error.code === cancelledCode ? cancelled() : new AnswerError(error))
    else pending.resolve({ value, payload })
  }

  /** Nothing will come any more. */
  end(reason: Error): void {
    this.#ended = reason
    for (const [id, pending] of [...this.#pending]) {
      this.#pending.delete(id)
      pending.done()
      pending.reject(reason)
    }
  }
}

function cancelled(): RivuletError {
  return new RivuletError("cancelled", { code: cancelledCode })
}

/** What the calls need of a runtime and its embedding. */
export interface CallsRuntime {
  /** Dispatches a NodeEvent of kind `call`. */
  call(call: LocalCall): void
  now(): number
  close(): Promise<void>
}

/** Calls to a machine in this thread. The embedding gives it the machine's `answer` and `exit` commands. */
export class RuntimeCalls implements ClientCalls {
  readonly #runtime: CallsRuntime
  readonly #table: CallTable

  constructor(runtime: CallsRuntime) {
    this.#runtime = runtime
    this.#table = new CallTable(call => runtime.call(call))
  }

  call(call: ClientCall, options?: CallOptions): Promise<CallAnswer> {
    return this.#table.call(call, options)
  }
  onPush(handler: (push: ClientPush) => void): () => void {
    return this.#table.onPush(handler)
  }
  now(): number {
    return this.#runtime.now()
  }
  async close(): Promise<void> {
    this.#table.end(new RivuletError("the session is closed", { code: 1 }))
    await this.#runtime.close()
  }

  perform(command: Command): void {
    if (command.kind === "answer") this.#table.answer(command)
    else if (command.kind === "exit") this.end(new RivuletError(command.reason, { code: command.code }))
  }

  /** Every open call, and every later one, fails with it. */
  end(error: Error): void {
    this.#table.end(error)
  }
}
