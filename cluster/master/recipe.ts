/**
 * How one partition of an interval is made (the paper's §2.1: lineage is enough to make it again), written down for who makes it
 * elsewhere: the tasks from what is held to the partition, and where that lies. Nothing is computed for it here, and what is held of
 * the partition itself is not used.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { earliestOf, rddOf, targetOf, throughOf, throughParents } from "../../engine/dstream.js"
import { RivuletError } from "../../engine/errors.js"
import { resultStage, stageAssets, trimStage } from "../../engine/plan.js"
import type { InputRef } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import { nodeName } from "../node-id.js"
import type { QueryAnswer, Recipe, RecipePart, RecipeStep, Request } from "../protocol.js"
import { launchInputs, missing } from "../scheduler/inputs.js"
import { nameOf } from "./catalog.js"
import type { Parts } from "./parts.js"

type Asked = Extract<Request, { kind: "recipe" }>
type Needed = Pick<Parts, "catalog" | "chains" | "graph" | "ledger" | "planner" | "registry" | "tracker">

/** More would take longer than a person waits, and more memory than a shell has. */
const mostSteps = 5_000
const mostBytes = 1 << 30
/** So far back is looked for an interval in which something changed. */
const mostQuiet = 10_000

/** Throws a RivuletError: of code 2 for what cannot be asked, of 5 for what is not held any more. */
export function recipeOf(parts: Needed, asked: Asked): QueryAnswer {
  const { name, interval, spec } = makes(parts, asked)
  const { partition } = asked
  const writing = new Writing(parts)
  writing.add(spec, partition)
  const kept = spec.write.kind === "result" ? { kind: "none" as const } : writing.kept(spec, partition)
  const recipe: Recipe = {
    ...{ stream: name, interval, partition, partitions: spec.partitions, kept },
    steps: writing.steps,
    assets: writing.assets(),
  }
  const stamp = {
    ...{ intervals: interval, asOf: interval.to, recomputed: writing.steps.length, bytesMoved: writing.bytes },
    ...{ partitions: [1, 1] as const, from: ["memory"] as const },
  }
  return { parts: writing.parts, rows: 0, stamp, recipe }
}

/** What makes an interval of a stream, which people know by that name. */
export interface Made {
  readonly id: StreamId
  readonly name: string
  readonly interval: { readonly from: number; readonly to: number }
  readonly spec: StageSpec
}

/**
 * What makes the interval that holds `at`; null: the newest finished one in which there was something to make. Throws a RivuletError of code 2
 * for a stream that there is not, or a partition that it does not have.
 */
export function makes(
  parts: Pick<Parts, "catalog" | "graph">,
  { stream, at, partition }: { readonly stream: string; readonly at: number | null; readonly partition: number | null },
): Made {
  const record = parts.catalog.require(stream)
  const { definition } = record
  const name = nameOf(record)
  const { from, spec } = intervalOf(parts, definition, name, at)
  const { partitions } = spec
  if (partition === null || partition < partitions)
    return { id: definition.id, name, interval: { from, to: from + definition.intervalMs }, spec }
  throw new RivuletError(`${name} has partitions 0 to ${partitions - 1} then, none ${partition}`, { code: 2, try: "a lower number" })
}

function intervalOf(
  { graph }: Pick<Parts, "graph">,
  definition: StreamDefinition,
  name: string,
  at: number | null,
): { readonly from: number; readonly spec: StageSpec } {
  const { id, intervalMs, kind, node } = definition
  if (kind === "output") {
    const parent = "parent" in node ? graph.definition(node.parent).definition.name : "what it is made of"
    throw new RivuletError(`${name} is an output: what it has written is not held`, { code: 2, try: `of ${parent} instead` })
  }
  const through = throughOf(graph, id)
  const reaches = earliestOf(graph, id)
  const iso = (ms: number) => new Date(ms).toISOString()
  if (at === null) {
    const newest = Math.floor((through - intervalMs) / intervalMs) * intervalMs
    for (let from = newest; from >= reaches && newest - from <= mostQuiet * intervalMs; from -= intervalMs) {
      const spec = stageOf(graph, definition, from)
      if (spec !== null) return { from, spec }
    }
    throw new RivuletError(`${name} has made nothing yet that is kept`, { code: 2, try: `.streams says what it is doing` })
  }
  const from = Math.floor(at / intervalMs) * intervalMs
  // The one after it can be made, too, when there is all that it is made of: of a stream that is held it is the one that fails.
  const parents = throughParents(graph, id, parent => throughOf(graph, parent))
  if (from + intervalMs > through && (from > through || from + intervalMs > parents))
    throw new RivuletError(`${name} has finished intervals up to ${iso(through)}, not that of ${iso(from)}`, {
      code: 2,
      try: "an interval before, or none: the newest",
    })
  if (from < reaches) throw gone(`${name} is kept from ${iso(reaches)} on, no longer that of ${iso(from)}`)
  const spec = stageOf(graph, definition, from)
  if (spec !== null) return { from, spec }
  throw new RivuletError(`nothing of ${name} changed in the interval of ${iso(from)}: there was no task`, {
    code: 2,
    try: "without a time: the newest in which something did",
  })
}

/** Of a recipe, which keeps nothing, it is the stage of a question. Null: there is nothing to make. */
function stageOf(graph: Parts["graph"], { id, node }: StreamDefinition, from: number): StageSpec | null {
  const spec = targetOf(graph, id, from)
  if (spec !== null || node.kind === "state") return spec
  const rdd = rddOf(graph, id, from)
  return rdd.kind === "empty" ? null : resultStage(rdd, `recipe/${id}@${from}`)
}

class Writing {
  readonly steps: RecipeStep[] = []
  readonly parts: QueryAnswer["parts"][number][] = []
  bytes = 0
  readonly #parts: Needed
  readonly #steps = new Map<string, number>()
  readonly #blocks = new Map<string, number>()
  readonly #hashes = new Set<string>()

  constructor(parts: Needed) {
    this.#parts = parts
  }

  /** The number of the step that makes it. */
  add(spec: StageSpec, partition: number): number {
    const key = `${partition} ${spec.output}`
    const known = this.#steps.get(key)
    if (known !== undefined) return known
    const reads = this.#parts.planner
      .reads(spec)(partition)
      .map(ref => ({ ref, parts: this.#read(spec, ref) }))
    const stage = trimStage(spec)
    for (const hash of stageAssets(stage)) this.#hashes.add(hash)
    const index = this.steps.push({ stage, partition, reads }) - 1
    if (index >= mostSteps) throw gone(`more than ${mostSteps} tasks would have to be run again for it`)
    this.#steps.set(key, index)
    return index
  }

  #read(reader: StageSpec, ref: InputRef): RecipePart[] {
    if (ref.kind === "asset") {
      this.#hashes.add(ref.hash)
      return []
    }
    if (ref.kind === "file")
      throw new RivuletError("it is made of files on the workers' machines", { code: 2, try: "of a stream that is made of sealed input" })
    const { planner, tracker, chains } = this.#parts
    const made =
      ref.kind === "shuffle" || ref.kind === "output" ? planner.dependencies(reader).find(one => one.output === ref.output) : undefined
    const places = { tracker, chains, partitionsOf: () => made?.partitions ?? Number.POSITIVE_INFINITY }
    if (missing(ref, places) === null) {
      const [found] = launchInputs([ref], places, null) ?? []
      if (found !== undefined)
        return found.parts.map(({ block, interval, base }) => ({
          of: { kind: "block", index: this.#block(block) },
          ...(ref.kind === "shuffle" && { section: ref.partition }),
          ...(interval !== undefined && { interval }),
          ...(base !== undefined && { base }),
        }))
    }
    if (made !== undefined && ref.kind === "shuffle")
      return Array.from({ length: made.partitions }, (_, map) => ({
        of: { kind: "step", index: this.add(made, map) },
        section: ref.partition,
      }))
    if (made !== undefined && ref.kind === "output") return [{ of: { kind: "step", index: this.add(made, ref.partition) } }]
    throw gone(ref.kind === "state" ? "the state before it is held by no worker now" : "the input it is made of is no longer held")
  }

  #block(block: string): number {
    const known = this.#blocks.get(block)
    if (known !== undefined) return known
    const { tracker, registry } = this.#parts
    const [holder] = tracker.holders(block)
    if (holder === undefined) throw gone(`block ${block} is held by nobody any more`)
    const bytes = tracker.bytes(block)
    this.bytes += bytes
    if (this.bytes > mostBytes) throw gone(`it is made of more than ${mostBytes / 2 ** 20} MB`)
    const index = this.parts.push({ block, holder, address: registry.get(holder)?.address ?? "", rows: 0, bytes }) - 1
    this.#blocks.set(block, index)
    return index
  }

  kept({ output }: StageSpec, partition: number): Recipe["kept"] {
    const { tracker } = this.#parts
    const part = tracker.part(output, partition)
    if (part === undefined) return { kind: "none" }
    if (part.block === null) return { kind: "empty" }
    return { kind: "block", block: this.#block(part.block), workers: tracker.holders(part.block).map(nodeName).sort() }
  }

  assets(): Recipe["assets"] {
    const { ledger } = this.#parts
    return [...this.#hashes].map(hash => {
      const bytes = ledger.assets.get(hash)
      if (bytes === undefined) throw gone("a function that it was made with is not held any more")
      return { hash, bytes }
    })
  }
}

const gone = (message: string): RivuletError => new RivuletError(message, { code: 5, try: "a later interval" })
