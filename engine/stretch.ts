/**
 * Stretches: several intervals of a running reduction computed by one job (the batch that grows with the backlog), with
 * the very results of as many jobs.
 *
 * The problem: an old log of days has thousands of intervals with a handful of records each, and a stream that lags has many, too.
 * A job of its own for each costs a hundred times what its records do. The solution: one map task shuffles all the intervals of a
 * stretch, each into blocks of its own, and one task a state partition takes its steps one after the other:
 *
 *     region of the map task       section p = a region: interval 0 | interval 1 | … , each what its own job's section p would be
 *     task of state partition p    step 0, step 1, …: a block for each interval that changes it, under that interval's own name
 *
 * Names and bytes of what is kept are those of single jobs, so nobody else knows of stretches: what is lost is made again by the
 * interval's own stage. A stretch whose task fails is taken apart: then the failure has its interval.
 */

import { stageDependencies, stretchStage } from "./plan.js"
import type { InputBlocksNode, RddNode, ShuffledNode, StateNode, StretchNode } from "./rdd.js"
import type { StageSpec } from "./task.js"
import { walk } from "./tree.js"

/** No more than this in one task: it must not keep others waiting. In batch mode nobody waits for a single interval. */
export const stretchBytes = 512 * 1024
const mostIntervals = 128

/** What stands between a state and its input in every interval of a stretch: record by record, of the sealed blocks of that interval. */
const recordWise: ReadonlySet<RddNode["kind"]> = new Set([
  "within",
  "map",
  "flatMap",
  "filter",
  "mapValues",
  "flatMapValues",
  "keyBy",
  "input",
] as const)

interface Joinable {
  readonly step: StateNode
  readonly input: ShuffledNode
  readonly bytes: number
}

function joinable({ root, write }: StageSpec): Joinable | null {
  if (write.kind !== "state" || root.kind !== "state" || root.op.kind !== "runningReduce") return null
  const { input, initial, migrate } = root
  if (initial !== null || migrate !== undefined || input?.kind !== "shuffled") return null
  const [dependency, ...others] = stageDependencies(root)
  if (dependency?.kind !== "shuffle" || others.length > 0 || dependency.parent !== input.parent) return null
  let leaf: InputBlocksNode | null = null
  let plain = true
  walk(input.parent, node => {
    plain &&= recordWise.has(node.kind)
    if (node.kind === "input") leaf = node
  })
  const groups = (leaf as InputBlocksNode | null)?.groups
  if (!plain || groups?.length !== 1) return null
  const bytes = groups[0]!.reduce((sum, block) => sum + block.bytes, 0)
  return { step: root, input, bytes }
}

/** Collects the stages of consecutive intervals for as long as they fit together. */
export class Stretch {
  private readonly found: (Joinable & { readonly stage: StageSpec })[] = []
  private bytes = 0

  private constructor(private readonly mostBytes: number) {}

  /** Null when the interval's stage goes by itself. `mostBytes`: of input. */
  static from(stage: StageSpec, mostBytes = stretchBytes): Stretch | null {
    const stretch = new Stretch(mostBytes)
    return stretch.add(stage) ? stretch : null
  }

  /** False: it does not fit, and ends the stretch. */
  add(stage: StageSpec): boolean {
    const one = joinable(stage)
    if (one === null || this.found.length >= mostIntervals || this.bytes + one.bytes > this.mostBytes) return false
    const first = this.found[0]?.step
    // A definition that was replaced in between has other functions.
    if (first !== undefined && (first.op !== one.step.op || first.onError !== one.step.onError || !sameVersion(first, one.step)))
      return false
    this.bytes += one.bytes
    this.found.push({ ...one, stage })
    return true
  }

  /** The starts of its intervals. */
  get starts(): readonly number[] {
    return this.found.map(({ step }) => step.interval)
  }

  /** The stage for all of them; of one interval its own. */
  stage(): StageSpec {
    const { step, input, stage } = this.found[0]!
    if (this.found.length === 1) return stage
    const { starts } = this
    const id = `${step.id}-${starts.at(-1)}`
    const parent: RddNode = { kind: "stretchInput", parents: this.found.map(one => one.input.parent) }
    return stretchStage({ kind: "stretch", first: { ...step, input: { ...input, id: `${id}:in`, parent } }, starts }, id)
  }
}

const sameVersion = (a: StateNode, b: StateNode): boolean => nameOf(a.id) === nameOf(b.id)
/** An output's id without its interval. */
const nameOf = (id: string): string => id.slice(0, id.lastIndexOf("@"))

/** The id of what the stretch makes for the interval that starts at `start`. */
export const stepId = ({ first }: StretchNode, start: number): string => `${nameOf(first.id)}@${start}`

/** The step of one of its intervals, as that interval's own job would run it. */
export function stepOf(stretch: StretchNode, index: number): StateNode {
  const { first, starts } = stretch
  const interval = starts[index]!
  const { stream, intervalMs, partitions } = first
  return {
    ...first,
    id: stepId(stretch, interval),
    interval,
    previous:
      index === 0 ? first.previous : { kind: "stateAt", stream, at: interval - intervalMs, intervalMs, partitions, read: { kind: "rows" } },
    input: { ...(first.input as ShuffledNode), step: index },
  }
}
