/**
 * From RDDs to stages: narrow operators share a task, stages are cut where data crosses (the paper's §4.1: pipelining). All of
 * it follows from the tree alone. It is called for every interval: cheap.
 */

import type { StreamId } from "./definition.js"
import { operatorOf } from "./operators/index.js"
import type { FileFormat } from "./output/file-format.js"
import type { Dependency, InputRef, Operator, OutputId, RddNode, StateNode, StoredNode, StretchNode } from "./rdd.js"
import type { StageSpec, StageWrite } from "./task.js"
import type { Interval } from "./time.js"
import { mapChildren, namesIn, versionsOf } from "./tree.js"

/** A place where stages are cut. */
export type StageDependency = Exclude<Dependency, { kind: "narrow" }>

const wideKinds = ["shuffled", "distinct", "repartition", "cogroup", "broadcast", "finished"] as const

type WideNode = Extract<RddNode, { kind: (typeof wideKinds)[number] }>

/** Kinds whose records cross a shuffle under an id of their own. */
export const isWide = (node: RddNode): node is WideNode => (wideKinds as readonly string[]).includes(node.kind)

/**
 * Gives each wide node without an id the id `<prefix>:<path>`: the same whoever does it. The prefix names the stream, version
 * and interval, or the question.
 */
export function expandIds(root: RddNode, prefix: string): RddNode {
  const place = (node: RddNode, path: string): RddNode => {
    const placed = mapChildren(node, (child, index) => place(child, `${path}.${index}`))
    return isWide(placed) && placed.id === undefined ? { ...placed, id: `${prefix}:${path}` } : placed
  }
  return place(root, "0")
}

export const partitionsOf = (node: RddNode): number => operatorOf(node).partitions(node)

/** What must be there before tasks of this root can run: the cuts that are reached through narrow dependencies, each once. */
export function stageDependencies(root: RddNode): StageDependency[] {
  const found = new Map<OutputId, StageDependency>()
  const visit = (node: RddNode) => {
    for (const dependency of operatorOf(node).dependencies(node)) {
      if (dependency.kind === "narrow") visit(dependency.parent)
      else if (!found.has(dependency.output)) found.set(dependency.output, dependency)
    }
  }
  visit(root)
  return [...found.values()]
}

/** All that partition p of the root reads, narrow parents included; one reference for each state partition. */
export function readsOf(root: RddNode, partition: number): InputRef[] {
  const found = new Map<string, InputRef>()
  const visit = (node: RddNode, p: number) => {
    const operator = operatorOf(node)
    for (const ref of operator.reads(node, p)) {
      const key = inputKey(ref)
      const known = found.get(key)
      found.set(key, known?.kind === "state" && ref.kind === "state" ? joined(known, ref) : (known ?? ref))
    }
    for (const dependency of operator.dependencies(node)) {
      if (dependency.kind !== "narrow") continue
      for (const parent of dependency.from?.(p) ?? [p]) visit(dependency.parent, parent)
    }
  }
  visit(root, partition)
  return [...found.values()]
}

/**
 * `readsOf` for many partitions of one root. Mostly partition p of everything below is what p is made of, so the tree is gone through
 * once.
 */
export function readerOf(root: RddNode): (partition: number) => readonly InputRef[] {
  const aligned: { readonly node: RddNode; readonly operator: Operator }[] = []
  const visit = (node: RddNode): boolean => {
    const operator = operatorOf(node)
    aligned.push({ node, operator })
    return operator
      .dependencies(node)
      .every(dependency => dependency.kind !== "narrow" || (dependency.from === undefined && visit(dependency.parent)))
  }
  if (!visit(root)) return partition => readsOf(root, partition)
  const one = readsOneEach(aligned)
  if (one !== null) return one
  return partition => {
    // As long as they come to be, and no longer: this is done for each task.
    let reads: readonly InputRef[] = nothing
    for (const { node, operator } of aligned) {
      const own = operator.reads(node, partition)
      if (own.length > 0) reads = reads.length === 0 ? own : reads.concat(own)
    }
    // Only two of a kind can be the same, or versions of one state.
    return twoOfAKind(reads) ? readsOf(root, partition) : reads
  }
}

/** Where each of these reads one thing a partition, and no two the same kind of thing; else null. */
function readsOneEach(
  aligned: readonly { readonly node: RddNode; readonly operator: Operator }[],
): ((partition: number) => readonly InputRef[]) | null {
  const found: ((partition: number) => InputRef)[] = []
  for (const { node, operator } of aligned) {
    if (operator.readsOne === undefined) return null
    const one = operator.readsOne(node)
    if (one !== null) found.push(one)
  }
  if (new Set(found.map(one => one(0).kind)).size < found.length) return null
  const [first, second, third] = found
  if (first === undefined) return () => nothing
  if (second === undefined) return partition => [first(partition)]
  if (third === undefined) return partition => [first(partition), second(partition)]
  return partition => found.map(one => one(partition))
}

const nothing: readonly InputRef[] = []

function twoOfAKind(reads: readonly InputRef[]): boolean {
  for (let i = 1; i < reads.length; i++) for (let j = 0; j < i; j++) if (reads[i]?.kind === reads[j]?.kind) return true
  return false
}

type StateRef = Extract<InputRef, { kind: "state" }>

function joined(a: StateRef, b: StateRef): StateRef {
  const since = Math.min(a.since ?? a.at, b.since ?? b.at)
  const at = Math.max(a.at, b.at)
  return { kind: "state", stream: a.stream, partition: a.partition, at, ...(since < at ? { since } : {}) }
}

/** By what a task asks for an input: the same for all versions of one state partition. */
export function inputKey(ref: InputRef): string {
  switch (ref.kind) {
    case "block":
      return `block ${ref.block}`
    case "shuffle":
    case "output":
      return `${ref.kind} ${ref.partition} ${ref.output}`
    case "state":
      return `state ${ref.partition} ${ref.stream}`
    case "asset":
      return `asset ${ref.hash}`
    case "file":
      return `file ${ref.split.from} ${ref.split.path}`
  }
}

/** Whether a partition whose shuffle and stored inputs are all empty has no record. */
export function isQuietWhenEmpty(node: RddNode): boolean {
  switch (node.kind) {
    case "finished":
    case "mapPartitions":
    case "zip":
    case "parallelize":
    case "textFile":
    case "stateAt":
    case "input":
      return false
    case "state":
      return node.op.kind === "runningReduce" || node.op.kind === "reduceByWindow"
    default:
      return operatorOf(node)
        .dependencies(node)
        .every(dependency => dependency.kind !== "narrow" || isQuietWhenEmpty(dependency.parent))
  }
}

// ── stages ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The stage that makes what a dependency needs. */
export function stageOf(dependency: StageDependency): StageSpec {
  const { output, parent } = dependency
  if (dependency.kind === "stored") return stage(output, parent, { kind: "store" })
  return stage(output, parent, { kind: "shuffle", ...dependency.write })
}

/** The stage that makes an interval's delta of a state. `mayFallDue`: keys may time out, so partitions without input have work too. */
export function stateStage(root: StateNode, mayFallDue: boolean): StageSpec {
  const { id, stream, seed, interval, intervalMs } = root
  return {
    ...stage(
      id,
      root,
      { kind: "state" },
      { stream, ...(seed !== undefined && { seed }), interval: { from: interval, to: interval + intervalMs } },
    ),
    quietWhenEmpty: isQuietWhenEmpty(root) || ((root.op.kind === "track" || root.op.kind === "reduceByEventTime") && !mayFallDue),
  }
}

/** The stage that makes the deltas of all intervals of a stretch. */
export function stretchStage(root: StretchNode, output: OutputId): StageSpec {
  const { stream, seed, interval, intervalMs } = root.first
  return stage(
    output,
    root,
    { kind: "stretch" },
    { stream, ...(seed !== undefined && { seed }), interval: { from: interval, to: root.starts.at(-1)! + intervalMs } },
  )
}

/** The stage that keeps an RDD's partitions. */
export function storeStage(node: StoredNode): StageSpec {
  return stage(node.id, node.of, { kind: "store" })
}

/** The stage that answers a question: its blocks are kept for the asker, or its partitions are written to files. */
export function resultStage(root: RddNode, query: string, save?: { readonly to: string; readonly format: FileFormat }): StageSpec {
  // Files of a question are named by their partitions alone.
  return save === undefined
    ? stage(query, root, { kind: "result" })
    : stage(query, root, { kind: "file", ...save, snapshot: false }, nobody)
}

/** The stage that writes an interval of an input to its archive. */
export function archiveStage(
  root: RddNode,
  output: OutputId,
  about: { readonly stream: StreamId; readonly interval: Interval; readonly write: Extract<StageWrite, { kind: "archive" }> },
): StageSpec {
  return stage(output, root, about.write, about)
}

/** The stage that writes an interval's files. */
export function fileStage(
  root: RddNode,
  output: OutputId,
  about: { readonly stream: StreamId; readonly interval: Interval; readonly write: Extract<StageWrite, { kind: "file" }> },
): StageSpec {
  return stage(output, root, about.write, about)
}

function stage(output: OutputId, root: RddNode, write: StageWrite, about: About = aboutOf(root)): StageSpec {
  return {
    output,
    root,
    partitions: partitionsOf(root),
    write,
    interval: about.interval,
    stream: about.stream,
    ...(about.seed !== undefined && { seed: about.seed }),
    label: labelOf(root),
    quietWhenEmpty: isQuietWhenEmpty(root),
  }
}

const nobody = { stream: null, interval: null }

type About = Pick<StageSpec, "stream" | "interval" | "seed">

function aboutOf(root: RddNode): About {
  if (root.kind !== "stretchInput") return root.kind === "within" ? root : nobody
  // All of its intervals are one stream's.
  const [first] = root.parents
  return first?.kind === "within" ? { stream: first.stream, interval: null } : nobody
}

/** The stage's operators in the order in which records meet them: `input.flatMap.map`. */
function labelOf(root: RddNode): string {
  const names: string[] = []
  for (let node: RddNode | undefined = root; node; node = stageParent(node)) {
    if (node.kind !== "within") names.unshift(nameOf(node))
  }
  return names.join(".")
}

/** As it is written: what comes out of a shuffle is named by what is done with it. */
function nameOf(node: RddNode): string {
  if (node.kind !== "shuffled" || node.aggregate === undefined) return node.kind
  return node.aggregate.kind === "group" ? "groupByKey" : "reduceByKey"
}

function stageParent(node: RddNode): RddNode | undefined {
  return operatorOf(node)
    .dependencies(node)
    .find(dependency => dependency.kind === "narrow")?.parent
}

// ── what travels ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The stage without what lies behind its cuts, which its tasks never look at: what is sent to workers. */
export function trimStage(stage: StageSpec): StageSpec {
  return { ...stage, root: trim(stage.root) }
}

/**
 * The stage with only those sealed blocks and branches that these partitions read, numbered as before: a question about many
 * intervals lists thousands of blocks, and each of its tasks needs few.
 */
export function stageFor(stage: StageSpec, partitions: readonly number[]): StageSpec {
  if (partitions.length >= stage.partitions) return stage
  return { ...stage, root: restrict(stage.root, new Set(partitions)) }
}

/** Whether `stageFor` may leave something out. */
export function isDivisible(root: RddNode): boolean {
  if (root.kind === "input") return true
  return operatorOf(root)
    .dependencies(root)
    .some(dependency => dependency.kind === "narrow" && (dependency.from !== undefined || isDivisible(dependency.parent)))
}

function restrict(node: RddNode, partitions: ReadonlySet<number>): RddNode {
  if (node.kind === "input") return { ...node, groups: node.groups.map((group, p) => (partitions.has(p) ? group : [])) }
  const used = new Map<RddNode, Set<number>>()
  for (const dependency of operatorOf(node).dependencies(node)) {
    if (dependency.kind !== "narrow") continue
    const { parent, from } = dependency
    const set = used.get(parent) ?? new Set()
    for (const p of partitions) for (const q of from?.(p) ?? [p]) set.add(q)
    used.set(parent, set)
  }
  return mapChildren(node, child => {
    const set = used.get(child)
    if (set === undefined) return child
    return set.size === 0 ? cutNode(child) : restrict(child, set)
  })
}

function trim(node: RddNode): RddNode {
  const cut = new Set<RddNode>()
  for (const dependency of operatorOf(node).dependencies(node)) if (dependency.kind !== "narrow") cut.add(dependency.parent)
  return mapChildren(node, child => (cut.has(child) ? cutNode(child) : trim(child)))
}

function cutNode(node: RddNode): RddNode {
  const operator = operatorOf(node)
  const hashed = operator.partitioner(node)?.partitions ?? null
  return { kind: "cut", partitions: operator.partitions(node), hashed, versions: versionsOf(node) }
}

/** All functions and data that a stage's own tasks use, in order of appearance. What lies behind a cut is another stage's. */
export function stageAssets({ root, write }: StageSpec): string[] {
  const hashes = new Set<string>()
  const found = { link: (hash: string) => void hashes.add(hash), asset: (hash: string) => void hashes.add(hash) }
  namesIn(write, found)
  const visit = (node: RddNode) => {
    namesIn(node, found)
    for (const dependency of operatorOf(node).dependencies(node)) if (dependency.kind === "narrow") visit(dependency.parent)
  }
  visit(root)
  return [...hashes]
}
