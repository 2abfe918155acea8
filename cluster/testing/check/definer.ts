/** The part of a session that defines: the users' handles build on it, and what they defined is sent as one request. */

import type { StreamDefinition, StreamId } from "../../../engine/definition.js"
import type { Amendment, Host, StreamDraft, UserFunction } from "../../../engine/fluent/host.js"
import { openHandle } from "../../../engine/fluent/open.js"
import type { Handle } from "../../../engine/fluent/stream-types.js"
import type { Asset, FunctionLink } from "../../../engine/function-ref.js"
import type { FunctionLinks } from "./links.js"

export class Definer implements Host {
  readonly partitions: number
  readonly definitions: StreamDefinition[] = []
  readonly assets = new Map<string, Asset>()
  /** All that is defined is kept until it has been read. */
  untilRead = false
  readonly #session: string
  readonly #links: FunctionLinks

  constructor(session: string, partitions: number, links: FunctionLinks) {
    this.#session = session
    this.partitions = partitions
    this.#links = links
  }

  link(f: UserFunction, operator: string): FunctionLink {
    const { link, assets } = this.#links.link(f, operator)
    for (const asset of assets) this.assets.set(asset.hash, asset)
    return link
  }

  functionOf(): null {
    return null
  }

  define(draft: StreamDraft): StreamDefinition {
    const n = this.definitions.length + 1
    const definition: StreamDefinition = {
      id: `${this.#session}.${n}`,
      version: 1,
      program: "check",
      name: draft.name ?? `${draft.operator}@${n}`,
      named: draft.name !== undefined,
      owner: "check",
      kind: draft.kind,
      intervalMs: draft.intervalMs,
      from: draft.from ?? "earliest",
      node: draft.node,
      rememberMs: draft.rememberMs ?? null,
      persist: false,
      source: draft.operator,
      ...(this.untilRead && { untilRead: true }),
    }
    this.definitions.push(definition)
    return definition
  }

  /** An input of lines that clients push under its name. */
  receive(name: string, intervalMs: number, more: Pick<StreamDraft, "rememberMs"> = {}): StreamDefinition {
    const source = { kind: "receiver", name } as const
    const format = { kind: "text" } as const
    const node = { kind: "input", source, format, timestamp: null, disorderMs: 0, onBadRecord: "setAside" } as const
    return this.define({ operator: "readStream", kind: "input", intervalMs, name, ...more, node })
  }

  /** An input of lines in files, each of which has its time. */
  readFiles(name: string, intervalMs: number, paths: readonly string[], timestamp: UserFunction, disorderMs: number): StreamDefinition {
    const source = { kind: "file", paths } as const
    const format = { kind: "text" } as const
    const link = this.link(timestamp, "timestamp")
    const node = { kind: "input", source, format, timestamp: link, disorderMs, onBadRecord: "setAside" } as const
    return this.define({ operator: "readHistory", kind: "input", intervalMs, name, node })
  }

  definition(id: StreamId): StreamDefinition {
    const found = this.definitions.find(definition => definition.id === id)
    if (found === undefined) throw new Error(`no stream ${id}`)
    return found
  }

  amend(id: StreamId, change: Amendment): void {
    const at = this.definitions.findIndex(definition => definition.id === id)
    const { name, ...rest } = change
    this.definitions[at] = { ...this.definitions[at]!, ...rest, ...(name !== undefined && { name, named: true }) }
  }

  open(id: StreamId, keyed: boolean): Handle {
    return openHandle(this, this.definition(id), keyed)
  }

  newId(letter: string): string {
    return `${this.#session}.${letter}${this.definitions.length + 1}`
  }
  unpersist(): never {
    throw new Error("the checker persists no RDD")
  }
  time(): never {
    throw new Error("the checker asks by intervals")
  }
  instant(): never {
    throw new Error("the checker asks by intervals")
  }
  query(): never {
    throw new Error("the checker asks by itself")
  }
  partial(): never {
    throw new Error("the checker asks by itself")
  }
  lineage(): never {
    throw new Error("the checker asks by itself")
  }
  stop(): never {
    throw new Error("the checker stops nothing")
  }
  keep(): never {
    throw new Error("the checker stops nothing")
  }
  resume(): never {
    throw new Error("the checker replaces nothing")
  }
  replace(): never {
    throw new Error("the checker replaces nothing")
  }
  versions(): never {
    throw new Error("the checker replaces nothing")
  }
  why(): never {
    throw new Error("the checker asks no why")
  }
  info(): never {
    throw new Error("the checker needs no info")
  }
}
