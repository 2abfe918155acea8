/** Asks workers which files there are: paths are those of their machines, and the master may have none of them. */

import type { Message } from "../protocol.js"
import type { Parts } from "./parts.js"

type FilesListed = Extract<Message, { kind: "filesListed" }>

export class FileLister {
  readonly #parts: Pick<Parts, "registry" | "outbox">
  readonly #asked = new Map<string, (listed: FilesListed) => void>()
  #requests = 0

  constructor(parts: Pick<Parts, "registry" | "outbox">) {
    this.#parts = parts
  }

  /** False: there is no worker. One that dies with the question does not answer it: who needs the answer asks again. */
  list(paths: readonly string[], done: (listed: FilesListed) => void): boolean {
    const worker = [...this.#parts.registry.live][0]
    if (worker === undefined) return false
    const request = `files:${++this.#requests}`
    this.#asked.set(request, done)
    this.#parts.outbox.send(worker.node, { kind: "listFiles", request, paths })
    return true
  }

  listed(message: FilesListed): void {
    const done = this.#asked.get(message.request)
    this.#asked.delete(message.request)
    done?.(message)
  }
}
