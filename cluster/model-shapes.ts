/** The shapes of the model's data as it crosses the wire: RDDs, definitions, stages (`engine/{rdd,definition,task}.ts`). */

import type { Action } from "../engine/actions/action.js"
import type { SourceSpec, StreamDefinition, StreamNode } from "../engine/definition.js"
import type { Asset, FunctionLink, Origin } from "../engine/function-ref.js"
import type { FileFormat } from "../engine/output/file-format.js"
import type {
  Aggregate,
  Arrived,
  AsideBlock,
  FileSplit,
  FormatSpec,
  InputBlock,
  InputRef,
  RddNode,
  Replay,
  StateAtNode,
  StateMigration,
  StateNode,
} from "../engine/rdd.js"
import type { StateOp } from "../engine/state/op.js"
import type { CapturedLog, StageSpec, StageWrite, TaskFailure } from "../engine/task.js"
import type { Interval } from "../engine/time.js"
import * as is from "./shape.js"

const { text, bool, count, integer, finite, bytes, anyValue, list, nullable, optional, object, oneOf, byKind, yes } = is

/** A time, or an infinity (see `QueryTime`). */
const queryTime: is.Shape<number> = value => typeof value === "number" && !Number.isNaN(value)

export const interval = object<Interval>({ from: integer, to: integer })

export const functionLink = byKind<FunctionLink>({
  builtin: { name: oneOf("sum", "max", "min", "identity", "first", "second", "one") },
  function: { hash: text, parts: optional(list(text)), ofInterval: optional(oneOf(true)) },
})

export const asset = object<Asset>({ hash: text, bytes })

export const origin = object<Origin>({ file: text, line: integer, column: integer, text })

export const taskFailure = object<TaskFailure>({
  kind: oneOf("user", "machine", "timeout", "fetch", "killed"),
  message: text,
  try: optional(text),
  errorName: optional(text),
  operator: optional(text),
  record: optional(text),
  origin: optional(origin),
  interval: optional(integer),
  partition: optional(count),
  workers: optional(list(text)),
  stack: optional(text),
  block: optional(text),
  from: optional(text),
  refused: optional(oneOf(true)),
  unanswered: optional(oneOf(true)),
})

export const capturedLog = object<CapturedLog>({ level: oneOf("log", "warn", "error", "info", "debug"), text, repeated: count })

const splitFields: is.Fields<FileSplit> = {
  path: text,
  from: count,
  to: count,
  sizeBytes: count,
  modifiedMs: finite,
  ends: optional(count),
  packed: optional(oneOf("gzip", "zstd")),
  archived: optional(yes),
  parquet: optional(yes),
}
export const fileSplit = object<FileSplit>(splitFields)

const partFields = { interval: nullable(integer), aside: optional(text) }
type Part = Pick<Replay, "interval" | "aside">
const replay: is.Shape<Replay> = is.either(
  object<FileSplit & Part>({ ...splitFields, ...partFields }),
  object<Arrived & Part>({ input: text, at: integer, group: count, ...partFields }),
)

export const inputBlock = object<InputBlock>({ block: text, rows: count, bytes: count, replay: optional(replay) })

const asideBlock = object<AsideBlock>({
  block: text,
  rows: count,
  bytes: count,
  replay: optional(replay),
  reason: oneOf("late", "parse"),
  error: text,
})

const header = optional(list(text))
export const formatSpec = byKind<FormatSpec>({
  text: { header },
  combined: { header },
  json: { header },
  csv: { header },
  function: { f: functionLink },
  values: {},
})

export const action = byKind<Action>({
  collect: { max: count },
  count: {},
  take: { n: count, newest: optional(bool) },
  first: {},
  top: { n: count, by: nullable(functionLink), order: oneOf("desc", "asc") },
  reduce: { f: functionLink },
  fold: { zero: anyValue, f: functionLink },
  aggregate: { zero: anyValue, add: functionLink, merge: functionLink },
  countByValue: {},
  countByKey: {},
  lookup: { key: anyValue },
  sort: { by: functionLink, order: oneOf("desc", "asc") },
  takeSample: { n: count, seed: finite, replacement: optional(yes) },
  countApproxDistinct: { precision: count },
  stats: {},
})

const aggregate = byKind<Aggregate>({
  combine: { create: functionLink, merge: functionLink, combine: functionLink, mapSide: bool },
  group: {},
})

const stateOp = byKind<StateOp>({
  runningReduce: { f: functionLink },
  reduceByWindow: { f: functionLink, inverse: nullable(functionLink), lengthMs: count, slideMs: count },
  track: { initialize: functionLink, update: functionLink, timeoutMs: count },
  updateStateByKey: { update: functionLink },
  reduceByEventTime: { f: functionLink, timeoutMs: count },
})

const onError = optional(oneOf("setAside"))

const stateMigration = byKind<StateMigration>({ reset: {}, map: { f: functionLink } })

const read = byKind<StateAtNode["read"]>({
  rows: {},
  key: { keys: list(anyValue) },
  changes: { since: queryTime },
  history: { key: anyValue, since: queryTime },
  counts: { ats: list(integer) },
})

const stateAtFields = { stream: text, at: integer, intervalMs: count, partitions: count, read }
const stateAt: is.Shape<StateAtNode> = byKind<StateAtNode>({ stateAt: stateAtFields })

export const rddNode: is.Shape<RddNode> = is.recursive<RddNode>(self => {
  const lifted = { parent: self, f: functionLink }
  const wide = { parent: self, partitions: count, id: optional(text) }
  const stateFields = {
    id: text,
    stream: text,
    seed: optional(text),
    interval: integer,
    intervalMs: count,
    op: stateOp,
    partitions: count,
    previous: nullable(stateAt),
    input: nullable(self),
    window: optional(object({ added: list(self), expired: list(self), inside: list(self) })),
    initial: nullable(self),
    onError,
    migrate: optional(stateMigration),
  }
  return byKind<RddNode>({
    hole: { index: count },
    threw: { index: count },
    slice: {
      stream: text,
      from: queryTime,
      to: queryTime,
      everyMs: optional(count),
      pick: optional(oneOf("first", "last")),
      only: optional(yes),
    },
    version: { stream: text, at: queryTime, read: optional(read) },
    input: { stream: text, interval: integer, groups: list(list(inputBlock)), format: formatSpec, onBadRecord: optional(oneOf("hold")) },
    setAside: { stream: text, interval, blocks: list(asideBlock) },
    parallelize: { id: text, assets: list(text) },
    textFile: { id: text, splits: list(fileSplit) },
    stateAt: stateAtFields,
    empty: {},
    map: lifted,
    eventWindow: { ...lifted, lengthMs: count, correctForMs: count },
    flatMap: lifted,
    filter: lifted,
    mapValues: lifted,
    flatMapValues: lifted,
    mapPartitions: lifted,
    keyBy: lifted,
    union: { parents: list(self) },
    coalesce: { parent: self, partitions: count },
    sample: { parent: self, fraction: finite, seed: finite, from: optional(finite), to: optional(finite) },
    zip: { parents: list(self) },
    cartesian: { parents: list(self) },
    persist: { parent: self, id: text },
    broadcast: { parents: list(self), f: functionLink, id: optional(text) },
    aside: { parent: self, operator: optional(text), threw: optional(yes), aggregate: optional(aggregate) },
    within: { stream: nullable(text), seed: optional(text), interval, parent: self, onError },
    eachVersion: { versions: list(self) },
    partial: { parent: self, action, series: optional(bool) },
    shuffled: { ...wide, aggregate, step: optional(count) },
    distinct: wide,
    repartition: wide,
    cogroup: {
      parents: list(self),
      partitions: count,
      join: oneOf("cogroup", "inner", "left", "right", "full"),
      id: optional(text),
    },
    finished: { parent: self, action, series: optional(bool), id: optional(text) },
    state: stateFields,
    stretch: { first: byKind<StateNode>({ state: stateFields }), starts: list(integer) },
    stretchInput: { parents: list(self) },
    cut: { partitions: count, hashed: nullable(count), versions: count },
    stored: { id: text, stream: text, interval: integer, partitions: count, of: self },
  })
})

export const fileFormat = oneOf<FileFormat>("ndjson", "csv", "arrow", "parquet")

const source = byKind<SourceSpec>({
  receiver: { name: text, url: optional(text) },
  file: { paths: list(text) },
  arrivals: { stream: text, name: text },
  archive: { directory: text, from: optional(integer), to: optional(integer) },
})

const streamNode = byKind<StreamNode>({
  input: {
    source,
    format: formatSpec,
    timestamp: nullable(functionLink),
    disorderMs: count,
    onBadRecord: oneOf("setAside", "hold"),
  },
  lift: { parents: list(text), rdd: rddNode },
  window: { parent: text, lengthMs: count, slideMs: count },
  state: { parent: text, op: stateOp, partitions: count, initial: nullable(rddNode), onError },
  foreachRDD: { parent: text, f: functionLink, holds: optional(list(rddNode)) },
  archive: { parent: text, to: text },
  save: { parent: text, to: text, format: fileFormat, onError, keyed: optional(oneOf(true)) },
})

const from: is.Shape<StreamDefinition["from"]> = value => value === "earliest" || value === "next" || integer(value)

export const streamDefinition = object<StreamDefinition>({
  id: text,
  version: count,
  program: text,
  name: text,
  named: bool,
  owner: text,
  kind: oneOf("input", "records", "snapshot", "state", "output"),
  intervalMs: count,
  from,
  node: streamNode,
  rememberMs: nullable(count),
  untilRead: optional(yes),
  persist: bool,
  checkpointMs: optional(count),
  seed: optional(text),
  partitions: optional(count),
  succeeds: optional(text),
  source: text,
})

export const inputRef = byKind<InputRef>({
  block: { block: text, replay: optional(replay) },
  shuffle: { output: text, partition: count, step: optional(count) },
  output: { output: text, partition: count },
  state: { stream: text, partition: count, at: integer, since: optional(queryTime) },
  asset: { hash: text },
  file: { split: fileSplit },
})

const stageWrite = byKind<StageWrite>({
  shuffle: { partitions: count, by: oneOf("key", "value", "spread", "single"), aggregate: optional(aggregate) },
  store: {},
  state: {},
  stretch: {},
  result: {},
  file: { to: text, format: fileFormat, snapshot: bool, keyed: optional(oneOf(true)) },
  archive: { to: text },
  read: {
    split: nullable(fileSplit),
    arrived: optional(
      object<{ blocks: readonly InputBlock[]; openFrom: number; openTo: number }>({
        blocks: list(inputBlock),
        openFrom: integer,
        openTo: integer,
      }),
    ),
    format: formatSpec,
    timestamp: nullable(functionLink),
    intervalMs: count,
  },
})

export const stageSpec = object<StageSpec>({
  output: text,
  root: rddNode,
  partitions: count,
  write: stageWrite,
  interval: nullable(interval),
  stream: nullable(text),
  seed: optional(text),
  label: text,
  quietWhenEmpty: optional(bool),
})
