/**
 * Questions, pure: the master answers where the result's blocks are, they are fetched from the workers that hold them, and
 * given back in the master's order. A holder that is gone or no longer has a block means asking again: intervals and plan are
 * the same, so are the bytes.
 *
 *     asked ──places──▶ fetching ──all blocks──▶ done        fetching ──missing, lost, silent──▶ asked (a new query id)
 */

import type { Command, NodeId, Now } from "../ports.js"
import type { QueryAnswer, Request } from "../protocol.js"
import type { BlocksRequest, QueryResult } from "./call.js"

export interface QueryConfig {
  /** A worker that is silent for so long is taken for gone. */
  readonly fetchTimeoutMs: number
  /** Times a question is asked before its answer counts as out of reach. */
  readonly tries: number
  /** So much is asked of a worker at once: whole blocks, at least one. */
  readonly fetchBytes: number
}

/** A question that takes longer than this is told of while it runs, so often. */
const longMs = 2_000
const lookEveryMs = 1_000

interface Fetch {
  readonly call: number
  readonly holder: NodeId
  /** Indexes into the answer's parts. */
  readonly parts: readonly number[]
  readonly deadlineMs: number
}

interface OpenQuery {
  readonly call: number
  readonly body: BlocksRequest
  readonly startedMs: number
  readonly try: number
  answer: QueryAnswer | null
  /** When it was last asked how far it is. */
  lookedMs: number
  blocks: (Uint8Array | null)[]
  /** Of each holder, the requests not yet sent: one is under way at a time. */
  waiting: Map<NodeId, number[][]>
}

/** What happens next: a request to the master, an answer to the caller, or messages to workers. */
export type QueryStep =
  | { readonly kind: "ask"; readonly call: number; readonly body: BlocksRequest }
  | { readonly kind: "tell"; readonly body: Request }
  /** It takes long: how far is it? */
  | { readonly kind: "look"; readonly query: string; readonly startedMs: number }
  | { readonly kind: "done"; readonly call: number; readonly result: QueryResult; readonly blocks: readonly Uint8Array[] }
  | { readonly kind: "failed"; readonly call: number; readonly message: string }
  | { readonly kind: "command"; readonly command: Command }

export class Queries {
  readonly #config: QueryConfig
  readonly #open = new Map<number, OpenQuery>()
  readonly #fetches = new Map<number, Fetch>()
  #nextFetch = 1

  constructor(config: QueryConfig) {
    this.#config = config
  }

  start(call: number, body: BlocksRequest, now: Now): QueryStep[] {
    return this.#ask(call, body, 1, now.monotonicMs)
  }

  /** The places of the result. */
  answered(call: number, answer: QueryAnswer, now: Now): QueryStep[] {
    const query = this.#open.get(call)
    if (query === undefined || query.answer !== null) return []
    query.answer = answer
    // Copied: the columns of a block lie at multiples of their width.
    query.blocks = answer.parts.map(({ inline }) => (inline === undefined ? null : new Uint8Array(inline)))
    query.waiting = this.#plan(answer)
    const steps: QueryStep[] = []
    for (const part of answer.parts.filter(({ inline }) => inline === undefined))
      steps.push({ kind: "command", command: { kind: "connect", to: part.holder, address: part.address } })
    for (const holder of query.waiting.keys()) steps.push(...this.#fetchNext(query, holder, now))
    return [...steps, ...this.#finish(query, now)]
  }

  /** The master says no: the caller has been told. */
  refused(call: number): void {
    this.#close(call)
  }

  cancel(call: number): QueryStep[] {
    const query = this.#open.get(call)
    if (query === undefined) return []
    this.#close(call)
    return [{ kind: "tell", body: { kind: "cancelQuery", query: query.body.query } }]
  }

  fetched(from: NodeId, request: number, missing: readonly number[], payload: readonly Uint8Array[], now: Now): QueryStep[] {
    const fetch = this.#fetches.get(request)
    if (fetch === undefined || fetch.holder !== from) return []
    this.#fetches.delete(request)
    const query = this.#open.get(fetch.call)
    if (query === undefined) return []
    if (missing.length > 0 || payload.length !== fetch.parts.length) return this.#again(query, `${from} no longer holds the result`)
    fetch.parts.forEach((part, i) => {
      query.blocks[part] = payload[i]!
    })
    return [...this.#fetchNext(query, from, now), ...this.#finish(query, now)]
  }

  lost(peer: NodeId): QueryStep[] {
    const hit = [...this.#fetches.values()].filter(fetch => fetch.holder === peer).map(fetch => fetch.call)
    return this.#againAll(hit, `${peer} is gone`)
  }

  tick(now: Now): QueryStep[] {
    return [...this.#looks(now), ...this.#late(now)]
  }

  #looks({ monotonicMs }: Now): QueryStep[] {
    const steps: QueryStep[] = []
    for (const query of this.#open.values()) {
      const { startedMs } = query
      if (query.answer !== null || monotonicMs - startedMs < longMs || monotonicMs - query.lookedMs < lookEveryMs) continue
      query.lookedMs = monotonicMs
      steps.push({ kind: "look", query: query.body.query, startedMs })
    }
    return steps
  }

  #late(now: Now): QueryStep[] {
    const late = [...this.#fetches.values()].filter(fetch => fetch.deadlineMs <= now.monotonicMs)
    return this.#againAll(
      late.map(fetch => fetch.call),
      `${late[0]?.holder} does not answer`,
    )
  }

  #ask(call: number, body: BlocksRequest, attempt: number, startedMs: number): QueryStep[] {
    const asked = attempt === 1 ? body : { ...body, query: `${body.query.replace(/~\d+$/, "")}~${attempt}` }
    this.#open.set(call, { call, body: asked, startedMs, try: attempt, answer: null, lookedMs: 0, blocks: [], waiting: new Map() })
    return [{ kind: "ask", call, body: asked }]
  }

  #againAll(calls: readonly number[], why: string): QueryStep[] {
    return [...new Set(calls)].flatMap(call => {
      const query = this.#open.get(call)
      return query === undefined ? [] : this.#again(query, why)
    })
  }

  #again(query: OpenQuery, why: string): QueryStep[] {
    this.#close(query.call)
    const release: QueryStep = { kind: "tell", body: { kind: "releaseQuery", query: query.body.query } }
    if (query.try >= this.#config.tries) {
      return [release, { kind: "failed", call: query.call, message: `the answer could not be fetched, ${query.try} times: ${why}` }]
    }
    return [release, ...this.#ask(query.call, query.body, query.try + 1, query.startedMs)]
  }

  /** Of each holder its parts, in groups of at most `fetchBytes`. */
  #plan(answer: QueryAnswer): Map<NodeId, number[][]> {
    const plan = new Map<NodeId, number[][]>()
    const bytes = new Map<NodeId, number>()
    answer.parts.forEach((part, index) => {
      if (part.inline !== undefined) return
      const groups = plan.get(part.holder) ?? []
      plan.set(part.holder, groups)
      const filled = (bytes.get(part.holder) ?? 0) + part.bytes
      if (groups.length > 0 && filled <= this.#config.fetchBytes) groups.at(-1)!.push(index)
      else groups.push([index])
      bytes.set(part.holder, groups.at(-1)!.length === 1 ? part.bytes : filled)
    })
    return plan
  }

  #fetchNext(query: OpenQuery, holder: NodeId, now: Now): QueryStep[] {
    const parts = query.waiting.get(holder)?.shift()
    if (parts === undefined || query.answer === null) return []
    const request = this.#nextFetch++
    const deadlineMs = now.monotonicMs + this.#config.fetchTimeoutMs
    this.#fetches.set(request, { call: query.call, holder, parts, deadlineMs })
    const blocks = parts.map(part => ({ block: query.answer!.parts[part]!.block }))
    return [{ kind: "command", command: { kind: "send", to: holder, message: { kind: "fetch", request, blocks } } }]
  }

  #finish(query: OpenQuery, now: Now): QueryStep[] {
    const { answer, blocks, call } = query
    if (answer === null || blocks.some(block => block === null)) return []
    this.#close(call)
    const bytes = answer.parts.reduce((sum, part) => sum + part.bytes, 0)
    const { rows, stamp, missing = [], files = [], recipe } = answer
    const result: QueryResult = {
      ...{ rows, bytes, stamp, ms: now.monotonicMs - query.startedMs, query: query.body.query, missing, files },
      ...(recipe !== undefined && { recipe }),
    }
    return [
      // One that lacks partitions goes on, for the asker to ask again.
      ...(missing.length > 0 ? [] : [{ kind: "tell", body: { kind: "releaseQuery", query: query.body.query } } as const]),
      { kind: "done", call, result, blocks: blocks as Uint8Array[] },
    ]
  }

  #close(call: number): void {
    this.#open.delete(call)
    for (const [request, fetch] of this.#fetches) if (fetch.call === call) this.#fetches.delete(request)
  }
}
