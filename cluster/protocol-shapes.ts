/** The shape of every message (`protocol/`), checked on arrival before any machine sees it. */

import type { ListedFile, Unpacked } from "../engine/input/file-split.js"
import type { HeavyKey } from "../engine/keys/heavy-keys.js"
import type { FileFormat } from "../engine/output/file-format.js"
import type { StateMigration } from "../engine/rdd.js"
import {
  asset,
  capturedLog,
  fileFormat,
  functionLink,
  inputRef,
  interval,
  rddNode,
  stageSpec,
  streamDefinition,
  taskFailure,
} from "./model-shapes.js"
import type {
  BatchKey,
  BlockOwner,
  ClusterEvent,
  FoldMark,
  HeldBlock,
  InputInfo,
  LaunchInput,
  LaunchTask,
  Message,
  Peer,
  ReceivedBlock,
  Replica,
  Request,
  Response,
  SettledBlock,
  TaskDone,
} from "./protocol.js"
import * as is from "./shape.js"

const { text, bool, bytes, count, integer, finite, list, nullable, optional, object, oneOf, record, byKind } = is

const peer = object<Peer>({
  node: text,
  name: text,
  address: text,
  host: text,
  load: finite,
  freeBytes: finite,
  draining: optional(is.yes),
})
const batchName = { session: text, stream: text, seq: count } as const
const batchFields: is.Fields<BatchKey> = { ...batchName, aside: optional(text) }
const batchKey = object<BatchKey>(batchFields)

const blockOwner = object<BlockOwner>({
  output: text,
  partition: count,
  stream: nullable(text),
  interval: nullable(integer),
  sectionRows: optional(list(count)),
  base: optional(bool),
  keys: optional(count),
})

const heldBlock = object<HeldBlock>({
  block: text,
  rows: count,
  bytes: count,
  owner: nullable(blockOwner),
  batch: nullable(batchKey),
  arrivedMs: finite,
})

const receivedBlock = object<ReceivedBlock>({
  block: text,
  batch: batchKey,
  rows: count,
  bytes: count,
  arrivedMs: finite,
  copies: count,
  fold: optional(object<FoldMark>({ interval: integer, lane: count, order: count })),
})
const settledBlock = object<SettledBlock>({ block: text, stream: text, interval: integer })
const inputInfo = object<InputInfo>({
  stream: text,
  receiver: text,
  intervalMs: count,
  plain: optional(oneOf(true)),
  read: optional(object<{ url: string; session: string }>({ url: text, session: text })),
})

const part: is.Shape<LaunchInput["parts"][number]> = object<LaunchInput["parts"][number]>({
  block: text,
  holders: list(text),
  interval: optional(integer),
  base: optional(bool),
})

const launchTask = object<LaunchTask>({
  task: text,
  stage: count,
  partition: count,
  attempt: count,
  pool: oneOf("stream", "query"),
  timeoutMs: finite,
  stallMs: optional(finite),
  affinity: nullable(integer),
  inputs: list(object<LaunchInput>({ ref: inputRef, parts: list(part) })),
})

const taskDone = object<TaskDone>({
  task: text,
  ms: finite,
  failure: optional(taskFailure),
  outputs: list(
    object<TaskDone["outputs"][number]>({
      block: text,
      bytes: count,
      rows: count,
      sectionRows: optional(list(count)),
      heavy: optional(list(object<HeavyKey>({ key: text, partition: count, rows: count }))),
      base: optional(bool),
      keys: optional(count),
      interval: optional(integer),
      newest: optional(finite),
      aside: optional(text),
      inline: optional(bytes),
    }),
  ),
  aside: count,
  threw: optional(count),
  rowsIn: count,
  folds: optional(bool),
  wrote: optional(object<{ path: string; rows: number }>({ path: text, rows: count })),
  diskBytes: optional(count),
  unpacked: optional(object<Unpacked>({ packedBytes: count, plainBytes: optional(count) })),
})

const file = object<ListedFile>({
  path: text,
  sizeBytes: count,
  modifiedMs: finite,
  ends: optional(count),
  packed: optional(oneOf("gzip", "zstd")),
})

const logFields = { stream: nullable(text), interval: nullable(integer), partition: nullable(integer), lines: list(capturedLog) }

const clusterEvent = byKind<ClusterEvent>({
  workerLost: { name: text, why: text, partitions: count },
  workerJoined: { name: text },
  standsBy: { host: text, address: text },
  standbyLost: { host: text, address: text, left: count },
  draining: { name: text, by: text, blocks: count },
  staying: { name: text, by: text },
  drained: { name: text },
  recovered: { name: text, ms: finite, partitions: count },
  held: { stream: text, interval: integer, failure: taskFailure },
  defined: { stream: text, by: text },
  stopped: { stream: text, by: text },
  log: { ...logFields, worker: text },
  warning: { text },
  ending: { startedBy: nullable(text) },
})

const request = byKind<Request>({
  openSession: { user: text, program: text, resume: optional(text), as: optional(text), scratchMs: optional(finite) },
  closeSession: { session: text, lastSeq: record(integer) },
  define: { session: text, definitions: list(streamDefinition), assets: list(asset), kept: optional(list(text)) },
  rename: { stream: text, name: text, takes: optional(bool), by: text, force: bool, dryRun: optional(bool) },
  remember: { stream: text, rememberMs: finite, by: text, force: bool },
  resume: { stream: text, skip: nullable(oneOf("record", "interval")), by: text, force: bool, dryRun: optional(bool) },
  replace: {
    session: text,
    stream: text,
    next: streamDefinition,
    definitions: list(streamDefinition),
    assets: list(asset),
    kept: optional(list(text)),
    from: nullable(value => value === "failed" || value === "next" || integer(value)) as is.Shape<"failed" | "next" | number | null>,
    state: byKind<{ readonly kind: "keep" } | StateMigration>({ keep: {}, reset: {}, map: { f: functionLink } }),
    dryRun: bool,
    by: text,
    force: bool,
  },
  submit: {
    session: text,
    program: text,
    definitions: list(streamDefinition),
    assets: list(asset),
    kept: optional(list(text)),
    anew: optional(is.yes),
    dryRun: bool,
    by: text,
    force: bool,
  },
  versions: { stream: text },
  undo: { streams: list(text), by: text, force: bool },
  keep: { streams: list(text), by: text, force: bool, dryRun: optional(bool) },
  stop: { streams: list(text), cascade: bool, by: text, force: bool, dryRun: optional(bool), leaving: optional(text) },
  query: {
    query: text,
    session: text,
    rdd: rddNode,
    definitions: list(streamDefinition),
    assets: list(asset),
    kept: optional(list(text)),
    timeoutMs: nullable(finite),
    withinMs: optional(finite),
    save: optional(object<{ to: string; format: FileFormat }>({ to: text, format: fileFormat })),
  },
  lineage: { session: text, rdd: rddNode, definitions: list(streamDefinition) },
  partitionLineage: { stream: text, at: nullable(finite), partition: nullable(count) },
  recipe: { query: text, stream: text, at: nullable(finite), partition: count },
  cancelQuery: { query: text },
  progress: { query: text },
  releaseQuery: { query: text },
  unpersist: { id: text },
  catalog: {},
  status: {},
  workers: {},
  drain: { worker: text, undo: bool, by: text },
  jobs: { stream: nullable(text), lastMs: finite },
  why: { stream: text },
  events: { after: finite, sinceMs: finite, kinds: nullable(list(text)), stream: nullable(text) },
  logs: { stream: nullable(text), sinceMs: finite },
  subscribe: { stream: text },
  unsubscribe: { stream: text },
  files: { paths: list(text) },
  drained: { streams: list(text) },
  changed: { stream: text, after: nullable(finite), limit: count },
  reading: { streams: list(object<{ stream: string; from: number }>({ stream: text, from: finite })) },
  receivers: { receiver: text },
  shutdown: {},
})

const response: is.Shape<Response> = value => {
  if (!is.isObject(value)) return false
  if (value.ok === true) return true
  return (
    value.ok === false &&
    text(value.message) &&
    integer(value.code) &&
    optional(text)(value.try) &&
    optional(taskFailure)(value.failure) &&
    optional(list(text))(value.lacking)
  )
}

const replicaFields = { block: text, batch: nullable(batchKey), rows: count, arrivedMs: finite, of: nullable(blockOwner) } as const

/** True if the value is a message of this protocol version. */
export const messageShape: is.Shape<Message> = byKind<Message>({
  hello: {
    role: oneOf("worker", "client"),
    user: text,
    version: text,
    runtime: text,
    sessions: optional(list(text)),
    readOnly: optional(bool),
  },
  welcome: {
    epoch: count,
    cluster: text,
    wallMs: finite,
    startedMs: finite,
    workers: list(peer),
    readOnly: optional(bool),
    durable: optional(text),
  },
  refused: { reason: text, try: text },
  register: {
    name: text,
    address: text,
    host: text,
    cores: count,
    capBytes: count,
    held: list(heldBlock),
    peers: optional(list(text)),
    draining: optional(bool),
  },
  heartbeat: {
    sentMs: finite,
    load: finite,
    usedBytes: count,
    queued: count,
    blocks: count,
    dropped: optional(count),
    spilledBytes: optional(count),
    diskFull: optional(text),
    unsettled: optional(count),
  },
  report: { through: finite, blocks: list(receivedBlock) },
  tasksDone: { done: list(taskDone) },
  assetRequest: { hashes: list(text) },
  copied: { copies: list(object({ blocks: list(text), holder: text, error: optional(text), lacking: optional(oneOf(true)) })) },
  filesListed: { request: text, files: list(file), error: optional(text) },
  log: logFields,
  heartbeatAck: { sentMs: finite, wallMs: finite },
  peers: { workers: list(peer), minReplicas: count, replicas: count },
  leave: {},
  inputs: { inputs: list(inputInfo), reportMs: finite },
  settled: { kept: list(settledBlock), dropped: list(text) },
  launch: { stages: list(stageSpec), tasks: list(launchTask) },
  cancel: { tasks: list(text) },
  asset: { assets: list(asset) },
  copy: { copies: list(object({ to: text, blocks: list(text) })) },
  forget: { blocks: list(text), streams: list(object<{ stream: string; before: number }>({ stream: text, before: integer })) },
  uses: {
    streams: list(
      object<{ stream: string; neededFrom: number; againAfterMs?: number }>({
        stream: text,
        neededFrom: finite,
        againAfterMs: optional(finite),
      }),
    ),
  },
  listFiles: { request: text, paths: list(text) },
  drive: { task: text, asset: text, stream: text, interval, parent: text, timeoutMs: finite },
  request: { id: count, body: request },
  response: { id: count, body: response },
  completed: { stream: text, through: integer },
  event: { event: clusterEvent },
  batch: { ...batchFields, lowestUnacked: count },
  batchAck: { ...batchName, copies: count },
  batchRefused: { ...batchName, reason: text },
  credit: { bytes: finite },
  replica: replicaFields,
  replicaStored: { block: text },
  replicas: { replicas: list(object<Replica>(replicaFields)) },
  replicasStored: { blocks: list(text) },
  replicaRefused: { block: text, reason: text },
  fetch: { request: count, blocks: list(object<{ block: string; section?: number }>({ block: text, section: optional(count) })) },
  fetched: { request: count, missing: list(count), disk: optional(bool) },
  bye: {},
})
