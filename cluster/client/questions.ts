/** Questions of a session: each goes to the machine with all that it needs, and comes back as blocks and a stamp. */

import { Block, encodeRows } from "../../engine/block/block.js"
import type { StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { answerOf } from "../../engine/fluent/answer.js"
import type { Answer, Partial } from "../../engine/fluent/answer-types.js"
import { builtinAlone, finishedRows } from "../../engine/fluent/finish-here.js"
import type { RawAnswer, ReadyRows } from "../../engine/fluent/host.js"
import type { Lineage, Stamp } from "../../engine/fluent/shapes.js"
import type { RddNode } from "../../engine/rdd.js"
import type { QueryRequest, QueryResult } from "./call.js"
import type { ClientCalls } from "./calls.js"
import type { Definitions } from "./definitions.js"
import { stampOf } from "./inspection.js"
import type { NamedAssets, Settling } from "./settling.js"
import { streamsOfRdd } from "./tree.js"

export interface QuestionParts {
  readonly calls: ClientCalls
  readonly definitions: Definitions
  readonly settling: Settling
  /** Sends what must be with the master. */
  flush(also: readonly StreamId[]): Promise<unknown>
  newId(letter: string): string
}

export class Questions {
  readonly #parts: QuestionParts
  /** Told which streams each question reads: how `watch(f)` learns what to wait for. */
  onQuestion: ((streams: readonly StreamId[]) => void) | null = null
  /** Questions wait so long at most, and answer with what is ready then; `missing` hears what was not, of how many. Null: they wait for all. */
  patience: { readonly withinMs: number; missing(parts: NonNullable<QueryResult["missing"]>, of: number): void } | null = null
  /** Begun and not ended, by their numbers, but for those of who watches. */
  readonly #open = new Map<number, AbortController>()
  #begun = 0
  #watching = false

  constructor(parts: QuestionParts) {
    this.#parts = parts
  }

  /** See `Host.query`. */
  query<T>(node: RddNode, decode: (answer: RawAnswer) => T, change: Pick<QueryRequest, "save">): Answer<T> {
    const ended = new AbortController()
    this.onQuestion?.(streamsOfRdd(node))
    return answerOf(this.#kept(ended, this.#ask(node, change, decode, ended.signal)), () => ended.abort())
  }

  /** See `Host.partial`. */
  partial<T>(node: RddNode, withinMs: number, decode: (ready: ReadyRows) => T): Answer<Partial<T>> {
    const ended = new AbortController()
    this.onQuestion?.(streamsOfRdd(node))
    return answerOf(this.#kept(ended, this.#askPart(node, withinMs, decode, ended.signal)), () => ended.abort())
  }

  /** How many have begun: a mark for `cancelSince`. */
  get begun(): number {
    return this.#begun
  }

  /** Ends the questions that have begun since, awaited or not, and frees their tasks. It may be said again: an abort that was itself cut off is finished. */
  cancelSince(mark: number): void {
    for (const [number, ended] of [...this.#open]) if (number > mark) abortAgain(ended)
  }

  /** What `ask` asks at once goes on whoever else is cancelled. */
  watching<T>(ask: () => T): T {
    const before = this.#watching
    this.#watching = true
    try {
      return ask()
    } finally {
      this.#watching = before
    }
  }

  #kept<T>(ended: AbortController, asked: Promise<T>): Promise<T> {
    if (this.#watching) return asked
    const number = ++this.#begun
    this.#open.set(number, ended)
    const close = () => this.#open.delete(number)
    asked.then(close, close)
    return asked
  }

  /** Rows of a question that names no stream: it waits for nothing that is still to be sent. */
  async rows(rdd: RddNode): Promise<readonly unknown[]> {
    const { definitions, calls, newId } = this.#parts
    const { session } = definitions.author
    const body = { kind: "query", query: newId("q"), session, rdd, definitions: [], assets: [], timeoutMs: null } as const
    const { payload } = await calls.call({ kind: "query", body })
    return payload.flatMap(bytes => Block.of(bytes).toArray())
  }

  async lineage(node: RddNode): Promise<Lineage> {
    const { rdd, definitions, session } = await this.#question(node)
    return (await this.#parts.calls.call({ kind: "request", body: { kind: "lineage", session, rdd, definitions } })).value as Lineage
  }

  async #ask<T>(
    node: RddNode,
    change: Pick<QueryRequest, "save">,
    decode: (answer: RawAnswer) => T,
    signal: AbortSignal,
  ): Promise<{ value: T; stamp: Stamp }> {
    if (this.patience !== null && change.save === undefined) return this.#askReady(node, decode, this.patience, signal)
    const body = { ...(await this.#question(node)), ...change }
    const { result, blocks } = await this.#call(node, body, signal)
    const stamp = stampOf(result.stamp, this.#parts.calls.now(), result.ms)
    const saved = change.save && { files: result.files, rows: result.rows }
    return { value: decode({ stamp, blocks, rows: () => blocks.flatMap(block => block.toArray()), ...(saved && { saved }) }), stamp }
  }

  /** The first half runs where the data is; what is ready of it is put together here. */
  async #askReady<T>(
    node: RddNode,
    decode: (answer: RawAnswer) => T,
    { withinMs, missing }: NonNullable<Questions["patience"]>,
    signal: AbortSignal,
  ): Promise<{ value: T; stamp: Stamp }> {
    if (node.kind !== "finished" || node.series === true)
      throw new RivuletError("a series of versions has no partial answer", {
        code: 2,
        try: 'of one version: counts.latest().top(5), counts.at("21:05")',
      })
    const body = { ...(await this.#question(node.parent)), withinMs }
    const { result, blocks } = await this.#call(node.parent, body, signal)
    const stamp = stampOf(result.stamp, this.#parts.calls.now(), result.ms)
    if (result.missing.length > 0) missing(result.missing, stamp.partitions[1])
    const ready = blocks.flatMap(block => block.toArray())
    const rows = finishedRows(node.action, ready, builtinAlone)
    return { value: decode({ stamp, blocks: [Block.of(encodeRows(rows))], rows: () => rows }), stamp }
  }

  /** Asked twice when something is missing: the second time it joins the same question and waits for all. */
  async #askPart<T>(
    node: RddNode,
    withinMs: number,
    decode: (ready: ReadyRows) => T,
    signal: AbortSignal,
  ): Promise<{ value: Partial<T>; stamp: Stamp }> {
    const body = await this.#question(node)
    const answer = ({ result, blocks }: { readonly result: QueryResult; readonly blocks: readonly Block[] }): T => {
      const [ready, of] = result.stamp.partitions
      return decode({ rows: blocks.flatMap(block => block.toArray()), ready, of })
    }
    const first = await this.#call(node, { ...body, withinMs }, signal)
    const { missing, query } = first.result
    const value = answer(first)
    const complete = missing.length === 0
    const final = complete ? Promise.resolve(value) : this.#call(node, { ...body, query }, signal).then(answer)
    // Whoever wants it has it; who does not must not hear of its failure.
    final.catch(() => {})
    const stamp = stampOf(first.result.stamp, this.#parts.calls.now(), first.result.ms)
    return { value: { value, complete, missing: missing.map(one => ({ ...one })), final }, stamp }
  }

  /** The question with all that it needs, under an id of its own. */
  async #question(node: RddNode): Promise<QueryRequest> {
    const { definitions: known, settling } = this.#parts
    // Old logs are read by a stream that is there; a recipe would be asked before anything is read.
    const inputs = known.draftsIn(streamsOfRdd(node)).filter(({ kind }) => kind === "input")
    await this.#parts.flush(inputs.map(({ id }) => id))
    const rdd = await settling.rdd(node)
    const definitions = await settling.definitions(known.draftsIn(streamsOfRdd(rdd)))
    return { kind: "query", query: this.#parts.newId("q"), session: known.author.session, rdd, definitions, assets: [], timeoutMs: null }
  }

  async #call(node: RddNode, body: QueryRequest, signal: AbortSignal): Promise<{ result: QueryResult; blocks: Block[] }> {
    const { calls, settling } = this.#parts
    const ask = (named: NamedAssets) => calls.call({ kind: "query", body: { ...body, ...named } }, { signal })
    const { value, payload } = await settling.withAssets([body.rdd, body.definitions], ask)
    const result = value as QueryResult
    settling.learn(node, result.stamp)
    return { result, blocks: payload.map(bytes => Block.of(bytes)) }
  }
}

/** Code that hears of an abort may be stopped in the middle, as a cell that loops is: whoever has not heard hears of it the next time. */
export function abortAgain(controller: AbortController, reason?: unknown): void {
  if (controller.signal.aborted) controller.signal.dispatchEvent(new Event("abort"))
  else controller.abort(reason)
}
