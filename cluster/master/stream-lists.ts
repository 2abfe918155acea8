/** The streams that there are, listed by what they are: what every event asks for, and only a definition changes. */

import type { InputNode, StreamDefinition, StreamId } from "../../engine/definition.js"
import { usesOf } from "./definition-rules.js"
import type { Ledger } from "./ledger.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"

export type InputRecord = StreamRecord & { readonly definition: StreamDefinition & { readonly node: InputNode } }

/** Streams by what they are, each with parents before children. */
export interface StreamLists {
  readonly live: readonly StreamRecord[]
  readonly kept: readonly StreamRecord[]
  readonly running: readonly StreamRecord[]
  readonly inputs: readonly InputRecord[]
  /** Those that receive, by the name under which they do. */
  readonly receivers: ReadonlyMap<string, InputRecord>
  readonly bySource: ReadonlyMap<InputNode["source"]["kind"], readonly InputRecord[]>
  /** Of each stream the live ones that are made of it, or joined with it, directly. */
  readonly children: ReadonlyMap<StreamId, readonly StreamRecord[]>
  /** Filled as it is asked for: of each stream those that run and are made of it, near or far. */
  readonly readers: Map<StreamId, readonly StreamId[]>
}

export function streamLists(ledger: Ledger): StreamLists {
  const kept = parentsFirst([...ledger.streams.values()].filter(({ stoppedMs }) => stoppedMs === null))
  const live = kept.filter(({ leaving }) => leaving === null)
  const inputs = live.filter((stream): stream is InputRecord => stream.definition.node.kind === "input")
  const receivers = new Map<string, InputRecord>()
  const bySource = new Map<InputNode["source"]["kind"], InputRecord[]>()
  for (const input of inputs) {
    const { source } = input.definition.node
    bySource.set(source.kind, [...(bySource.get(source.kind) ?? []), input])
    if (source.kind === "receiver" && !receivers.has(source.name)) receivers.set(source.name, input)
  }
  const children = new Map<StreamId, StreamRecord[]>()
  for (const stream of live) {
    for (const used of new Set(usesOf(stream.definition))) {
      const of = children.get(used)
      if (of === undefined) children.set(used, [stream])
      else of.push(stream)
    }
  }
  return {
    live,
    kept,
    inputs,
    receivers,
    bySource,
    children,
    running: live.filter(({ definition }) => runs(definition)),
    readers: new Map(),
  }
}

/** The order of definition, but for a stream that was replaced by one that is made of streams defined after it. */
function parentsFirst(streams: readonly StreamRecord[]): StreamRecord[] {
  const byId = new Map(streams.map(stream => [stream.definition.id, stream]))
  const ordered: StreamRecord[] = []
  const seen = new Set<StreamRecord>()
  const add = (stream: StreamRecord | undefined): void => {
    if (stream === undefined || seen.has(stream)) return
    seen.add(stream)
    for (const used of usesOf(stream.definition)) add(byId.get(used))
    ordered.push(stream)
  }
  for (const stream of streams) add(stream)
  return ordered
}
