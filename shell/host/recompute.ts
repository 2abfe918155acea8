/** `.recompute` and `run --only`: partitions made once more here, and what the comparison with what the cluster holds has given. */
import { setImmediate } from "node:timers/promises"
import { type Comparison, compareWithKept, type FetchedRecipe, fetchRecipe, followRecipe } from "../../cluster/client/recipe.js"
import type { ClientSession } from "../../cluster/client/session.js"
import type { Recipe } from "../../cluster/protocol.js"
import { RivuletError } from "../../engine/errors.js"
import type { TaskOutput } from "../../engine/task.js"
import { TaskError } from "../../engine/task-error.js"
import { formatTime } from "../../engine/time.js"
import type { StyledLine } from "../session-types.js"
import { formatNumber } from "../view/number.js"
import { parsePartitionName } from "./partition-name.js"

export interface Recomputed {
  readonly recipe: Recipe
  readonly output: TaskOutput
  readonly compared: Comparison
}

/** Each partition that the name names, in order. A function that throws is a RivuletError of code 1 that says where. */
export async function recompute(session: ClientSession, name: string): Promise<Recomputed[]> {
  const { stream, time, partition } = parsePartitionName(name)
  const first = await fetchRecipe(session, stream, time, partition ?? 0)
  const made = [again(first)]
  const { partitions, interval } = first.recipe
  if (partition !== null) return made
  for (let p = 1; p < partitions; p++) {
    // Whoever presses Ctrl-C is heard between two of them.
    await setImmediate()
    made.push(again(await fetchRecipe(session, stream, interval.from, p)))
  }
  return made
}

function again(fetched: FetchedRecipe): Recomputed {
  const output = followed(fetched)
  return { recipe: fetched.recipe, output, compared: compareWithKept(fetched, output) }
}

/** As `followRecipe`, with the failure as people are told of it. */
export function followed(...args: Parameters<typeof followRecipe>): TaskOutput {
  try {
    return followRecipe(...args)
  } catch (error) {
    if (!(error instanceof TaskError)) throw error
    const { failure } = error
    throw Object.assign(new RivuletError(failure.message, { code: 1, ...(failure.try !== undefined && { try: failure.try }) }), { failure })
  }
}

/** A line a partition. */
export function recomputedLines(all: readonly Recomputed[], place: { readonly tz: string; now(): number }): StyledLine[] {
  const lines = all.map(({ recipe, output, compared }): StyledLine => {
    const at = formatTime(recipe.interval.from, place.tz, { nowMs: place.now() })
    const tasks = recipe.steps.length === 1 ? "1 task" : `${recipe.steps.length} tasks`
    const lead = `  ${recipe.stream}@${at}/${recipe.partition}`
    const tail = `${formatNumber(output.rows)} rows · ${tasks} here`
    return { text: `${lead}   ${verdict(compared, recipe)} · ${tail}`, ...(compared.kind === "differs" && { style: "error" as const }) }
  })
  if (all.length < 2) return lines
  const count = (kind: Comparison["kind"]) => all.filter(({ compared }) => compared.kind === kind).length
  const parts = [`${count("same")} of ${all.length} the same`, `${count("differs")} differ`, `${count("nothing")} with nothing to compare`]
  return [...lines, { text: `  ${parts.join(" · ")}`, style: count("differs") > 0 ? "error" : "dim" }]
}

function verdict(compared: Comparison, { kept }: Recipe): string {
  const where = kept.kind === "block" ? ` · held by ${kept.workers.join(" and ")}` : ""
  switch (compared.kind) {
    case "same":
      return `same bytes: ${formatNumber(compared.bytes)}, sha256 ${compared.sha256.slice(0, 12)}${where}`
    case "differs": {
      const { keptBytes, bytes, at, row } = compared
      const rows = row === null ? "" : `, row ${row}`
      return `DIFFERS from byte ${formatNumber(at)} on${rows}: ${formatNumber(keptBytes)} bytes held, ${formatNumber(bytes)} made${where}`
    }
    case "nothing":
      return compared.empty ? "nothing changed in it, and nothing is held" : "nothing is held of it to compare with"
  }
}
