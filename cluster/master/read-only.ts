/**
 * Clients that only read: they said so at their hello, or came with a key that is admitted for that. They may ask whatever is understood wholly (`engine/expression/known`): a
 * function beyond that could do anything on a worker, and reading would be a word. What changes the cluster is refused. Here, not in the
 * shell: whoever speaks the protocol is held to it.
 */

import { RivuletError } from "../../engine/errors.js"
import { beyondKnown, linkedFunctions } from "../../engine/expression/known.js"
import type { NodeId } from "../ports.js"
import type { Request } from "../protocol.js"

const allowed: ReadonlySet<Request["kind"]> = new Set([
  "openSession",
  "closeSession",
  "versions",
  "query",
  "lineage",
  "partitionLineage",
  "recipe",
  "cancelQuery",
  "progress",
  "releaseQuery",
  "catalog",
  "status",
  "workers",
  "jobs",
  "why",
  "logs",
  "events",
  "subscribe",
  "unsubscribe",
  "drained",
  "changed",
  "reading",
] as const)

const doing: Partial<Readonly<Record<Request["kind"], string>>> = {
  define: "defining streams",
  files: "reading the workers' files",
  receivers: "sending records",
  shutdown: "ending the cluster",
}

const mostKept = 10_000

const advice = "attach without --read-only"
const keyAdvice = "ask whoever keeps the cluster's list: rivulet keys allow without --read-only"

export class ReadOnly {
  readonly #clients = new Set<NodeId>()
  readonly #keyed = new Set<NodeId>()

  /** `known`: the body of a function that the cluster runs already. */
  constructor(private readonly known: (hash: string) => boolean) {}

  hello(client: NodeId, readOnly: boolean): void {
    if (readOnly) this.#clients.add(client)
    else this.#clients.delete(client)
  }

  /** Of each message: what its sender's key may, as the list is now. */
  heard(client: NodeId, readOnly: boolean): void {
    if (readOnly) this.#keyed.add(client)
    else if (this.#keyed.size > 0) this.#keyed.delete(client)
  }

  has(client: NodeId): boolean {
    return this.#keyed.has(client) || this.#clients.has(client)
  }

  /** A client that comes back says hello again; until then what it said holds, for as many as are kept. */
  clientLost(client: NodeId): void {
    this.#keyed.delete(client)
    if (this.#clients.size > mostKept) this.#clients.delete(client)
  }

  /** Throws a RivuletError of code 4 for what such a client may not ask. */
  check(client: NodeId, body: Request): void {
    if (!this.has(client)) return
    const keyed = this.#keyed.has(client)
    const refused = (what: string, hint = keyed ? keyAdvice : advice) =>
      refusal(`${keyed ? "your key may only read" : "you are attached read-only"}: ${what}`, hint)
    if (!allowed.has(body.kind)) throw refused(`${doing[body.kind] ?? body.kind} is not reading`)
    if (body.kind !== "query") return
    if (body.save !== undefined) throw refused("save writes files")
    const data = [body.rdd, body.definitions]
    if (readsFiles(data)) throw refused("reading the workers' files is more than reading streams")
    const brought = new Map(body.assets.map(({ hash, bytes }) => [hash, bytes]))
    for (const hash of linkedFunctions(data)) {
      if (this.known(hash)) continue
      const bytes = brought.get(hash)
      const beyond = bytes === undefined ? { source: hash, why: "did not come with the question" } : beyondKnown(bytes)
      if (beyond)
        throw refused(
          `the function ${shown(beyond.source)} ${beyond.why}`,
          "fields, comparisons, arithmetic and text of the record itself are understood",
        )
    }
  }
}

function refusal(message: string, hint: string): RivuletError {
  return new RivuletError(message, { code: 4, try: hint })
}

function shown(source: string): string {
  const line = source.replace(/\s+/g, " ")
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

function readsFiles(data: unknown): boolean {
  if (typeof data !== "object" || data === null || ArrayBuffer.isView(data)) return false
  if ((data as { readonly kind?: unknown }).kind === "textFile") return true
  return (Array.isArray(data) ? data : Object.values(data)).some(readsFiles)
}
