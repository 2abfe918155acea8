/**
 * takeSample(n): every record draws a number, the n least are taken, in the order of their numbers. The draws follow from seed,
 * partition and place, so asking twice gives the same.
 */

import { random } from "../random.js"
import type { Half, HalvesOf } from "./half.js"

type Drawn = readonly [draw: number, row: unknown]

/** The n least draws; of equal ones the earlier. */
function least(n: number, end: (drawn: readonly Drawn[], push: (row: unknown) => void) => void) {
  let kept: Drawn[] = []
  const cut = () => {
    kept.sort((a, b) => a[0] - b[0])
    kept = kept.slice(0, n)
  }
  return {
    add(drawn: Drawn) {
      kept.push(drawn)
      if (kept.length > 2 * n + 1024) cut()
    },
    end(push: (row: unknown) => void) {
      cut()
      end(kept, push)
    },
  }
}

export const sampleHalves: HalvesOf<"takeSample"> = {
  start({ n, seed }, { partition }): Half {
    const draw = random(`${seed}/${partition}`)
    const half = least(n, (drawn, push) => drawn.forEach(push))
    return { add: row => half.add([draw(), row]), end: half.end }
  },
  finish({ n }): Half {
    const half = least(n, (drawn, push) => {
      for (const [, row] of drawn) push(row)
    })
    return { add: drawn => half.add(drawn as Drawn), end: half.end }
  },
}
