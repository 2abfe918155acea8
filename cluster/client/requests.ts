/**
 * Open requests to the master, pure. A request has one id for ever; all that are open are sent again to a master that has
 * (re)started, which may have heard them: their bodies are idempotent. The first response wins, later ones are nobody's.
 */

import type { Message, Request, Response } from "../protocol.js"

/** Who gets the response: a local call, or the machine itself. */
export type Asker =
  | { readonly kind: "call"; readonly call: number }
  | { readonly kind: "query"; readonly call: number }
  | { readonly kind: "receivers"; readonly stream: string }
  | { readonly kind: "progress"; readonly startedMs: number }
  | { readonly kind: "nobody" }

interface OpenRequest {
  readonly id: number
  readonly body: Request
  readonly asker: Asker
}

export class Requests {
  readonly #open = new Map<number, OpenRequest>()
  #next = 1

  add(body: Request, asker: Asker): Message {
    const id = this.#next++
    this.#open.set(id, { id, body, asker })
    return { kind: "request", id, body }
  }

  /** The asker and body of an open request, which is closed by this. Undefined for a second response. */
  take(id: number): OpenRequest | undefined {
    const request = this.#open.get(id)
    this.#open.delete(id)
    return request
  }

  /** The call has ended: its response is nobody's. */
  drop(call: number): void {
    for (const [id, { asker }] of this.#open) if ("call" in asker && asker.call === call) this.#open.delete(id)
  }

  /** The local calls that wait for a response. */
  calls(): number[] {
    return [...this.#open.values()].flatMap(({ asker }) => ("call" in asker ? [asker.call] : []))
  }

  /** All that are open, oldest first. */
  again(): Message[] {
    return [...this.#open.values()].map(({ id, body }) => ({ kind: "request", id, body }))
  }

  /** Whether some request of this asker's kind and stream is open. */
  asking(stream: string): boolean {
    return [...this.#open.values()].some(({ asker }) => asker.kind === "receivers" && asker.stream === stream)
  }
}

/** A failed response as the error of an answer. */
export function errorOf(response: Extract<Response, { ok: false }>) {
  const { message, code, try: attempt, failure, lacking } = response
  return {
    message,
    code,
    ...(attempt !== undefined && { try: attempt }),
    ...(failure !== undefined && { failure }),
    ...(lacking !== undefined && { lacking }),
  }
}
