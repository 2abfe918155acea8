/**
 * Batch mode (the paper's §3.4): the inputs of a program that has been loaded but not sent are pointed at old logs, everything
 * is kept, and when all is worked off the streams' intervals are read back in order.
 */
import type { InputNode, StreamId, StreamNode } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { FormatSpec } from "../../engine/rdd.js"
import type { ClientSession } from "./client-session.js"

export interface InputOverride {
  /** The receiver's name, or the name under which the program exports the input. */
  readonly name: string
  /** A path or pattern as the workers see it; of an archived stream its directory. */
  readonly paths: string
  /** Read from an archive: its intervals, not by time stamps. Those that begin in [from, to). */
  readonly archive?: { readonly from?: number; readonly to?: number }
  readonly format?: "text" | "combined" | "json" | "csv"
  /** The record's field that holds its time; without it the program's own `timestamp`, or the time of reading. */
  readonly timestampField?: string
  /** The names of csv columns, where neither the program nor anybody else has said them. */
  readonly header?: readonly string[]
  readonly disorderMs: number
}

/**
 * Points the inputs of that name among the drafts at files, and says by which formats they are read. RivuletError (2) for a
 * name that the program does not read.
 */
export function overrideInputs(
  session: ClientSession,
  override: InputOverride,
  exports: Readonly<Record<string, unknown>>,
): readonly FormatSpec[] {
  const { definitions } = session.host
  const inputs = draftInputs(session, exports)
  const found = inputs.filter(({ id, name, node }) => {
    const { name: own } = definitions.get(id)
    const { source } = node
    return name === override.name || own === override.name || (source.kind === "receiver" && source.name === override.name)
  })
  if (found.length === 0) {
    const known = inputs.map(({ name }) => name)
    throw new RivuletError(`--input ${override.name}: the program reads no such stream`, {
      code: 2,
      try: `its inputs are ${known.join(", ") || "none"}`,
    })
  }
  return found.map(({ id, node }) => {
    const changed = redirected(session, node, override)
    definitions.redirect(id, changed)
    // What is read again must not be archived again among what came live.
    for (const { id: child, node: of } of definitions.all())
      if (of.kind === "archive" && of.parent === id && definitions.isDraft(child)) definitions.forget(child)
    // Names that are still to be looked up are no names that a line could be held against.
    return changed.format.kind === "csv" && changed.format.header?.length === 0 ? { kind: "csv" } : changed.format
  })
}

/** RivuletError (2) when one of the drafts' inputs waits for a sender: a cluster of one's own has none. */
export function refuseLive(session: ClientSession, exports: Readonly<Record<string, unknown>>): void {
  const live = draftInputs(session, exports).filter(({ node }) => node.source.kind === "receiver")
  if (live.length === 0) return
  const names = live.map(({ name }) => name)
  throw new RivuletError(`${names.join(", ")}: nobody sends to it in batch mode`, {
    code: 2,
    try: `rivulet replay <program> --input ${names[0]}=<files>, or -m <master> where it is sent to`,
  })
}

/** Names of the drafts' inputs that read files by no time of their records: what is in which interval is by when it is read. */
export function untimedInputs(session: ClientSession, exports: Readonly<Record<string, unknown>>): readonly string[] {
  return draftInputs(session, exports).flatMap(({ name, node: { source, timestamp } }) =>
    source.kind === "file" && timestamp === null ? [name] : [],
  )
}

/** The drafts' inputs, by the names under which they are exported, else by their own. */
export function draftInputs(
  session: ClientSession,
  exports: Readonly<Record<string, unknown>>,
): { readonly id: StreamId; readonly name: string; readonly node: InputNode }[] {
  return draftStreams(session, exports).flatMap(({ id, name, node }) => (node.kind === "input" ? [{ id, name, node }] : []))
}

/** The drafts, by the names under which they are exported, else by their own. */
export function draftStreams(
  session: ClientSession,
  exports: Readonly<Record<string, unknown>>,
): { readonly id: StreamId; readonly name: string; readonly node: StreamNode }[] {
  const { definitions } = session.host
  const exported = exportedIds(exports)
  return definitions.all().flatMap(({ id, name, node }) => (definitions.isDraft(id) ? [{ id, name: exported.get(id) ?? name, node }] : []))
}

function exportedIds(exports: Readonly<Record<string, unknown>>): Map<StreamId, string> {
  const exported = new Map<StreamId, string>()
  for (const [name, value] of Object.entries(exports)) {
    const data = handleData(value)
    if (data?.kind === "stream") exported.set(data.id, name)
  }
  return exported
}

function redirected(session: ClientSession, node: InputNode, override: InputOverride): InputNode {
  const field = override.timestampField
  const asked: FormatSpec = override.format === undefined ? node.format : { kind: override.format }
  const isUnnamed = asked.kind === "csv" && (asked.header?.length ?? 0) === 0 && override.header !== undefined
  const format: FormatSpec = isUnnamed ? { kind: "csv", header: override.header } : asked
  if (field !== undefined && format.kind === "text")
    throw new RivuletError(`--timestamp ${field}: lines of text have no fields`, { code: 2, try: "--format combined, json or csv" })
  const timestamp =
    field === undefined ? node.timestamp : session.host.link((value: never) => (value as Record<string, unknown>)[field], "timestamp")
  if (override.archive !== undefined)
    return { ...node, source: { kind: "archive", directory: override.paths, ...override.archive }, format, timestamp: null, disorderMs: 0 }
  return { ...node, source: { kind: "file", paths: [override.paths] }, format, timestamp, disorderMs: override.disorderMs }
}

/** Everything that the program defined is kept until it has been read back, and no longer. */
export function keepUntilRead(session: ClientSession): void {
  const { definitions } = session.host
  for (const { id } of definitions.all()) if (definitions.isDraft(id)) definitions.change(id, { untilRead: true })
}
