/** Random programs: each stream once as a user's handle, once as plain arrays. */

import type { StreamDefinition } from "../../../engine/definition.js"
import type { UserFunction } from "../../../engine/fluent/host.js"
import { RecordsHandle } from "../../../engine/fluent/records.js"
import type { Random } from "../random.js"
import type { Definer } from "./definer.js"
import type { PlainStream, Row, SealedInput } from "./plain.js"
import * as plain from "./plain.js"

export interface CheckedStream {
  readonly id: string
  readonly text: string
  readonly plain: PlainStream
}

export interface Program {
  readonly streams: readonly CheckedStream[]
  /** Receivers' names. */
  readonly inputs: readonly string[]
  readonly intervalMs: number
}

/** What lines are made of. */
export const words = ["a", "b", "ab", "banana", "", "straße", "日本", "x1", "x2", "a b", "0", "-0"]

// Functions of the programs: constants, so that they are captured once.
const split = (line: string) => line.split(" ")
const withOne = (word: string) => [word, 1]
const withLength = (word: string) => [word, word.length]
const byFirst = (line: string) => [line.slice(0, 1), `${line};`]
const add = (a: number, b: number) => a + b
const less = (a: number, b: number) => a - b
const append = (a: string, b: string) => a + b
const isShort = (line: string) => line.length < 12
const hasA = ([key]: [string, unknown]) => key.includes("a")
const upper = (line: string) => line.toUpperCase()
const describe = ([key, value]: [string, unknown]) => `${key}=${value}`
const newest = (values: number[], state: number | undefined) =>
  values.length === 0 && state === undefined
    ? undefined
    : values.reduce((a, b) => a + b, 0) === 0 && (state ?? 0) > 3
      ? undefined
      : (state ?? 0) + values.length

interface Built {
  readonly handle: Handle
  readonly plain: PlainStream
  readonly text: string
  readonly holds: "lines" | "numbers" | "strings" | "other"
}

/** The methods used here; the handles check their arguments themselves. */
interface Handle {
  readonly id: string
  map(f: UserFunction): Handle
  flatMap(f: UserFunction): Handle
  filter(f: UserFunction): Handle
  union(other: Handle): Handle
  count(): Handle
  join(other: Handle): Handle
  reduceByKey(f: UserFunction, partitions?: number): Handle
  groupByKey(partitions?: number): Handle
  runningReduce(f: UserFunction): Handle
  updateStateByKey(f: UserFunction): Handle
  window(length: string, slide?: string): Handle
  reduceByWindow(length: string, f: UserFunction, inverse?: UserFunction, slide?: string): Handle
}

const call = (f: unknown) => f as (...args: unknown[]) => unknown

/** Defines the input of that name. */
export type InputOf = (name: string, intervalMs: number, more: { readonly rememberMs?: number }) => StreamDefinition

/** `since`: the first interval of a stream, known once it is accepted. */
export function randomProgram(
  random: Random,
  definer: Definer,
  sealed: SealedInput,
  since: (stream: string) => number,
  forgetful: boolean,
  inputOf: InputOf = (name, intervalMs, more) => definer.receive(name, intervalMs, more),
): Program {
  const intervalMs = random.pick([200, 500, 1_000])
  // Some programs forget while they run: memory is used again, recovery has the checkpoints alone.
  const remember = () => (forgetful ? { rememberMs: intervalMs * random.integer(1, 6) } : {})
  const inputs = random.chance(0.4) ? ["lines", "others"] : ["lines"]
  const built: Built[] = []
  const lines = inputs.map((name): Built => {
    const definition = inputOf(name, intervalMs, remember())
    const handle = new RecordsHandle(definer, definition.id) as unknown as Handle
    return { handle, plain: plain.input(sealed, name, intervalMs), text: name, holds: "lines" }
  })
  built.push(...lines)

  const narrow = (
    of: Built,
    method: "map" | "flatMap" | "filter",
    f: UserFunction,
    name: string,
    holds: Built["holds"],
    keepsKeys = false,
  ): Built => {
    const g = call(f)
    const apply = (row: Row): Row[] =>
      method === "map" ? [g(row)] : method === "filter" ? (g(row) ? [row] : []) : [...(g(row) as Iterable<Row>)]
    return { handle: of.handle[method](f), plain: plain.each(of.plain, apply, keepsKeys), text: `${of.text}.${method}(${name})`, holds }
  }

  const someLines = (): Built => {
    let of = random.pick(lines)
    if (random.chance(0.3)) of = narrow(of, "filter", isShort, "isShort", "lines")
    if (random.chance(0.2)) of = narrow(of, "map", upper, "upper", "lines")
    if (lines.length > 1 && random.chance(0.3)) {
      const other = lines.find(l => l.text !== of.text && !of.text.startsWith(l.text)) ?? lines[0]!
      of = {
        handle: of.handle.union(other.handle),
        plain: plain.union(of.plain, other.plain),
        text: `${of.text}.union(${other.text})`,
        holds: "lines",
      }
    }
    return of
  }
  const somePairs = (): Built => {
    const of = someLines()
    switch (random.integer(0, 3)) {
      case 0:
        return narrow(narrow(of, "flatMap", split, "split", "other"), "map", withOne, "withOne", "numbers")
      case 1:
        return narrow(narrow(of, "flatMap", split, "split", "other"), "map", withLength, "withLength", "numbers")
      default:
        return narrow(of, "map", byFirst, "byFirst", "strings")
    }
  }
  const f = (of: Built) => (of.holds === "numbers" ? add : append)
  const reduced = (of: Built): Built => ({
    handle: of.handle.reduceByKey(f(of)),
    plain: plain.reduceByKey(of.plain, f(of) as never),
    text: `${of.text}.reduceByKey()`,
    holds: of.holds,
  })
  const running = (of: Built): Built => {
    const handle = of.handle.runningReduce(f(of))
    return {
      handle,
      plain: plain.runningReduce(of.plain, f(of) as never, () => since(handle.id)),
      text: `${of.text}.runningReduce()`,
      holds: of.holds,
    }
  }
  const lengths = () => {
    const slideMs = intervalMs * random.pick([1, 1, 2, 3])
    return { slideMs, lengthMs: intervalMs * random.pick([1, 2, 3, 4, 5, 8]) }
  }
  const duration = (ms: number) => `${ms}ms`

  const kinds: (() => Built)[] = [
    () => reduced(somePairs()),
    () => {
      const of = somePairs()
      return { handle: of.handle.groupByKey(), plain: plain.groupByKey(of.plain), text: `${of.text}.groupByKey()`, holds: "other" }
    },
    () => running(somePairs()),
    () => running(random.chance(0.5) ? somePairs() : reduced(somePairs())),
    () => {
      const of = somePairs()
      const { slideMs, lengthMs } = lengths()
      const inverse = of.holds === "numbers" && random.chance(0.5)
      const handle = of.handle.reduceByWindow(duration(lengthMs), f(of), inverse ? less : undefined, duration(slideMs))
      const text = `${of.text}.reduceByWindow(${lengthMs}, ${inverse ? "inverse, " : ""}${slideMs})`
      return {
        handle,
        plain: plain.reduceByWindow(of.plain, f(of) as never, lengthMs, slideMs, () => since(of.handle.id)),
        text,
        holds: of.holds,
      }
    },
    () => {
      const of = someLines()
      const { slideMs, lengthMs } = lengths()
      const handle = of.handle.window(duration(lengthMs), duration(slideMs))
      const windowed = plain.window(of.plain, lengthMs, slideMs, () => since(of.handle.id))
      const text = `${of.text}.window(${lengthMs}, ${slideMs})`
      if (random.chance(0.5)) return { handle, plain: windowed, text, holds: "lines" }
      return { handle: handle.count(), plain: plain.count(windowed), text: `${text}.count()`, holds: "other" }
    },
    () => {
      const of = random.chance(0.5) ? someLines() : reduced(somePairs())
      return { handle: of.handle.count(), plain: plain.count(of.plain), text: `${of.text}.count()`, holds: "other" }
    },
    () => {
      const a = random.chance(0.5) ? reduced(somePairs()) : somePairs()
      const b = reduced(somePairs())
      return { handle: a.handle.join(b.handle), plain: plain.join(a.plain, b.plain), text: `${a.text}.join(${b.text})`, holds: "other" }
    },
    () => {
      const a = reduced(somePairs())
      const b = running(somePairs())
      return { handle: a.handle.join(b.handle), plain: plain.join(a.plain, b.plain), text: `${a.text}.join(${b.text})`, holds: "other" }
    },
    () => {
      const of = running(somePairs())
      const kept = narrow(of, "filter", hasA, "hasA", of.holds, true)
      return random.chance(0.5) ? kept : narrow(kept, "map", describe, "describe", "other")
    },
    () => {
      const of = narrow(narrow(someLines(), "flatMap", split, "split", "other"), "map", withLength, "withLength", "numbers")
      const handle = of.handle.updateStateByKey(newest)
      const state = plain.updateStateByKey(of.plain, newest as never, () => since(handle.id))
      return { handle, plain: state, text: `${of.text}.updateStateByKey()`, holds: "numbers" }
    },
  ]
  const wanted = random.integer(1, 4)
  for (let i = 0; i < wanted; i++) built.push(random.pick(kinds)())
  for (const { handle } of built) {
    const { kind, id } = definer.definition(handle.id)
    if (kind === "state" && forgetful && random.chance(0.7)) definer.amend(id, remember())
  }
  return { streams: built.map(({ handle, plain, text }) => ({ id: handle.id, plain, text })), inputs, intervalMs }
}
