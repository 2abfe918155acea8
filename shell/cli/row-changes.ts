/** What became of an answer's rows since the answer before. */
import { RivuletError } from "../../engine/errors.js"
import { changeOf } from "../../engine/fluent/internals.js"
import { KeyMap } from "../../engine/keys/key-map.js"

/**
 * As `changes` gives them: a key whose value is another, or that only one of the answers has; numbers with their `delta`. In the order of the
 * rows, what is gone last. Throws a RivuletError of code 2 for rows that are no pairs.
 */
export function rowChanges(before: readonly unknown[], after: readonly unknown[]): unknown[] {
  const sides = new KeyMap<[unknown[], unknown[]]>()
  const add = (row: unknown, side: 0 | 1): void => {
    if (!Array.isArray(row) || row.length !== 2)
      throw new RivuletError("--changes is of pairs: by their keys they are known again", {
        code: 2,
        try: "counts.top(5), or a map to [key, value]",
      })
    const known = sides.get(row[0])
    if (known !== undefined) known[side].push(row[1])
    else sides.set(row[0], side === 0 ? [[row[1]], []] : [[], [row[1]]])
  }
  for (const row of after) add(row, 1)
  for (const row of before) add(row, 0)
  return [...sides.entries()].flatMap(pair => (changeOf as (pair: unknown) => unknown[])(pair))
}
