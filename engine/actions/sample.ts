/**
 * takeSample(n): every record draws a number, the n least are taken, in the order of their numbers. The draws follow from seed,
 * partition and place, so asking twice gives the same.
 *
 * With replacement there are n slots, each of which holds one of the records seen so far, all with the same chance: record i takes a slot
 * with probability 1/i, so the next one that does is drawn at once, and few records cost anything. Slots of partitions are joined by
 * how many records each saw.
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

/** What a partition's slots hold, and how many records there were. */
type Slots = readonly [seen: number, rows: readonly unknown[]]

function slots(n: number, draw: () => number): Half {
  const rows: unknown[] = []
  /** By number of a record, the slots that it takes. */
  let takers = new Map<number, number[]>([[1, Array.from({ length: n }, (_, slot) => slot)]])
  let seen = 0
  return {
    add(row) {
      const taken = takers.get(++seen)
      if (taken === undefined) return
      takers.delete(seen)
      for (const slot of taken) {
        rows[slot] = row
        // The chance that none of the records up to m takes it is seen / m.
        const next = Math.floor(seen / (1 - draw())) + 1
        const others = takers.get(next)
        if (others === undefined) takers.set(next, [slot])
        else others.push(slot)
      }
    },
    end(push) {
      takers = new Map()
      if (seen > 0 && n > 0) push([seen, rows] satisfies Slots)
    },
  }
}

function joinedSlots(n: number, draw: () => number): Half {
  const parts: Slots[] = []
  return {
    add: part => parts.push(part as Slots),
    end(push) {
      const total = parts.reduce((sum, [seen]) => sum + seen, 0)
      if (total === 0) return
      for (let slot = 0; slot < n; slot++) {
        let at = Math.floor(draw() * total)
        let part = 0
        while (at >= parts[part]![0]) at -= parts[part++]![0]
        push(parts[part]![1][slot])
      }
    },
  }
}

export const sampleHalves: HalvesOf<"takeSample"> = {
  start({ n, seed, replacement }, { partition }): Half {
    if (replacement) return slots(n, random(`${seed}/${partition}`))
    const draw = random(`${seed}/${partition}`)
    const half = least(n, (drawn, push) => drawn.forEach(push))
    return { add: row => half.add([draw(), row]), end: half.end }
  },
  finish({ n, seed, replacement }): Half {
    if (replacement) return joinedSlots(n, random(`${seed}/`))
    const half = least(n, (drawn, push) => {
      for (const [, row] of drawn) push(row)
    })
    return { add: drawn => half.add(drawn as Drawn), end: half.end }
  },
}
