/**
 * One partition of an interval made once more in this process, from what the workers hold: its bytes must be those that the cluster
 * made (the paper's §2.1). The tasks run in this thread, as an executor runs them; a debugger sees them.
 */

import { createHash } from "node:crypto"
import { Block } from "../../engine/block/block.js"
import { RivuletError } from "../../engine/errors.js"
import { sectionOf } from "../../engine/shuffle-region.js"
import type { InputPart, TaskInput, TaskOutput } from "../../engine/task.js"
import type { CallWatch } from "../../engine/task-error.js"
import { TaskRunner } from "../../engine/task-runner.js"
import type { TimeLike } from "../../engine/time.js"
import type { Recipe, RecipePart, RecipeStep } from "../protocol.js"
import type { QueryResult } from "./call.js"
import type { ClientSession } from "./client-session.js"

/** A recipe with the blocks it names. */
export interface FetchedRecipe {
  readonly recipe: Recipe
  readonly blocks: readonly Uint8Array[]
}

/** Errors: code 2 for what cannot be asked, 5 for what is not held any more. `at`: null is the newest finished interval. */
export async function fetchRecipe(session: ClientSession, stream: string, at: TimeLike | null, partition: number): Promise<FetchedRecipe> {
  await session.flush()
  const { host } = session
  const body = { kind: "recipe", query: host.newId("q"), stream, at: at === null ? null : host.instant(at), partition } as const
  const { value, payload } = await session.calls.call({ kind: "query", body })
  const { recipe } = value as QueryResult
  if (recipe === undefined)
    throw new RivuletError("the master does not say how partitions are made", { code: 3, try: "one of this version" })
  return { recipe, blocks: payload }
}

export interface Following {
  /** Sees each call of a function. */
  readonly watch?: CallWatch
  /** A task begins. */
  readonly onStep?: () => void
}

/** Runs its tasks, parents first, and gives what the last one makes. Throws TaskError. */
export function followRecipe({ recipe, blocks }: FetchedRecipe, { watch, onStep }: Following = {}): TaskOutput {
  const made: TaskOutput[] = []
  for (const step of recipe.steps) {
    onStep?.()
    const [output] = runStep(step, recipe, blocks, made, watch)
    if (output === undefined) throw new Error(`${step.stage.label} has made nothing`)
    made.push(output)
  }
  return made.at(-1)!
}

interface Placed {
  readonly part: RecipePart
  readonly bytes: Uint8Array
}

/** Each in a memory of its own: its inputs are known before it runs. */
function runStep(
  step: RecipeStep,
  recipe: Recipe,
  blocks: readonly Uint8Array[],
  made: readonly TaskOutput[],
  watch: CallWatch | undefined,
): readonly TaskOutput[] {
  const placed = step.reads.map(({ ref, parts }) => ({ ref, parts: parts.flatMap(part => bytesOf(part, blocks, made)) }))
  const memory = new SharedArrayBuffer(
    Math.max(
      1,
      placed.reduce((sum, { parts }) => parts.reduce((n, one) => n + aligned(one.bytes.length), sum), 0),
    ),
  )
  let offset = 0
  const inputs: TaskInput[] = placed.map(({ ref, parts }) => ({
    ref,
    parts: parts.map(({ part: { interval, base }, bytes }): InputPart => {
      const at = offset
      new Uint8Array(memory, at, bytes.length).set(bytes)
      offset += aligned(bytes.length)
      return { offset: at, length: bytes.length, ...(interval !== undefined && { interval }), ...(base !== undefined && { base }) }
    }),
  }))
  const runner = new TaskRunner(memory, watch === undefined ? {} : { watch })
  for (const { hash, bytes } of recipe.assets) runner.addAsset(hash, bytes)
  return runner.run({ stage: step.stage, partition: step.partition, attempt: 1, inputs }).outputs
}

/** Of a shuffle its section, if that has a record: others are not given to tasks. */
function bytesOf(part: RecipePart, blocks: readonly Uint8Array[], made: readonly TaskOutput[]): Placed[] {
  const { of, section } = part
  const whole = of.kind === "block" ? blocks[of.index]! : made[of.index]!.bytes
  if (section === undefined) return [{ part, bytes: whole }]
  if (of.kind === "step" && made[of.index]!.sectionRows?.[section] === 0) return []
  const { offset, length } = sectionOf(whole, section)
  return [{ part, bytes: whole.subarray(offset, offset + length) }]
}

/** Columns of a block lie at multiples of their width, counted from the block's beginning. */
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** What came of making it once more. */
export type Comparison =
  | { readonly kind: "same"; readonly bytes: number; readonly sha256: string }
  | { readonly kind: "differs"; readonly keptBytes: number; readonly bytes: number; readonly at: number; readonly row: number | null }
  /** The cluster holds nothing of it to compare with. */
  | { readonly kind: "nothing"; readonly empty: boolean }

/** Byte by byte. `row`: the first that is another, where it is the rows that differ. */
export function compareWithKept({ recipe: { kept }, blocks }: FetchedRecipe, output: TaskOutput): Comparison {
  if (kept.kind !== "block") return { kind: "nothing", empty: kept.kind === "empty" }
  const held = blocks[kept.block]!
  const { bytes } = output
  const length = Math.min(held.length, bytes.length)
  let at = 0
  while (at < length && held[at] === bytes[at]) at++
  if (at === held.length && at === bytes.length)
    return { kind: "same", bytes: at, sha256: createHash("sha256").update(bytes).digest("hex") }
  return { kind: "differs", keptBytes: held.length, bytes: bytes.length, at, row: firstOther(held, bytes) }
}

function firstOther(a: Uint8Array, b: Uint8Array): number | null {
  const [rowsA, rowsB] = [a, b].map(bytes =>
    Block.of(bytes)
      .toArray()
      .map(row => JSON.stringify(row, plain)),
  )
  for (let i = 0; i < Math.max(rowsA!.length, rowsB!.length); i++) if (rowsA![i] !== rowsB![i]) return i
  return null
}

const plain = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}n` : value)
