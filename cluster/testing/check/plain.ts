/**
 * What each stream must hold, by plain arrays and Maps over the sealed input. This file is the judge: it shares no code with the
 * engine, and must stay simple enough to be believed.
 */

export type Row = unknown
export type Pair = [key: string, value: unknown]

/** What is known of the run: the lines of each input's intervals in sealed order, in the groups of the seal. */
export interface SealedInput {
  /** The interval that starts at the time; empty where nothing was sealed. */
  groups(input: string, start: number): readonly (readonly string[])[]
}

/** One stream of a program, as arrays. */
export interface PlainStream {
  readonly kind: "records" | "snapshot"
  readonly intervalMs: number
  /**
   * Whether rows come in a defined order (partition after partition), or lie by key: then each key in one partition, always the
   * same for the same number of partitions.
   */
  readonly order: "defined" | "byKey" | "any"
  /** The records of the interval, or the version at its end. */
  rows(start: number): Row[]
}

export function input(sealed: SealedInput, name: string, intervalMs: number): PlainStream {
  return { kind: "records", intervalMs, order: "defined", rows: start => sealed.groups(name, start).flat() }
}

/** Narrow operators: each interval by itself, in order. */
export function each(parent: PlainStream, f: (row: Row) => Row[], keepsKeys = false): PlainStream {
  const order = parent.order === "byKey" && !keepsKeys ? "any" : parent.order
  return { ...parent, order, rows: start => parent.rows(start).flatMap(f) }
}

export function union(a: PlainStream, b: PlainStream): PlainStream {
  const order = a.order === "defined" && b.order === "defined" ? "defined" : "any"
  return { ...a, order, rows: start => [...a.rows(start), ...b.rows(start)] }
}

export function count(parent: PlainStream): PlainStream {
  return { ...parent, order: "defined", rows: start => [parent.rows(start).length] }
}

export function reduceByKey(parent: PlainStream, f: (a: never, b: never) => unknown): PlainStream {
  return { ...parent, order: "byKey", rows: start => fold(new Map(), parent.rows(start) as Pair[], f) }
}

export function groupByKey(parent: PlainStream): PlainStream {
  return {
    ...parent,
    order: "byKey",
    rows: start => {
      const groups = new Map<string, unknown[]>()
      for (const [key, value] of parent.rows(start) as Pair[]) groups.set(key, [...(groups.get(key) ?? []), value])
      return [...groups]
    },
  }
}

/** Every left value with every right value of its key. */
export function join(left: PlainStream, right: PlainStream): PlainStream {
  return {
    ...left,
    kind: left.kind === "snapshot" && right.kind === "snapshot" ? "snapshot" : "records",
    order: "any",
    rows: start => {
      const rights = right.rows(start) as Pair[]
      return (left.rows(start) as Pair[]).flatMap(([key, a]) => rights.filter(([k]) => k === key).map(([, b]) => [key, [a, b]]))
    },
  }
}

/** The reduction of all intervals since the stream began. */
export function runningReduce(parent: PlainStream, f: (a: never, b: never) => unknown, since: () => number): PlainStream {
  return {
    ...parent,
    kind: "snapshot",
    order: "byKey",
    rows: start => {
      const state = new Map<string, unknown>()
      for (let at = since(); at <= start; at += parent.intervalMs) fold(state, parent.rows(at) as Pair[], f)
      return [...state]
    },
  }
}

/** Calls `update` each interval for every key that has values or a state; what gives undefined is gone. */
export function updateStateByKey(
  parent: PlainStream,
  update: (values: never[], state: never) => unknown,
  since: () => number,
): PlainStream {
  return {
    ...parent,
    kind: "snapshot",
    order: "byKey",
    rows: start => {
      let state = new Map<string, unknown>()
      for (let at = since(); at <= start; at += parent.intervalMs) {
        const values = new Map<string, unknown[]>()
        for (const [key, value] of parent.rows(at) as Pair[]) values.set(key, [...(values.get(key) ?? []), value])
        const next = new Map<string, unknown>()
        for (const key of new Set([...state.keys(), ...values.keys()])) {
          const after = update((values.get(key) ?? []) as never[], state.get(key) as never)
          if (after !== undefined) next.set(key, after)
        }
        state = next
      }
      return [...state]
    },
  }
}

/** All records of the last `lengthMs` before the end of each slide. */
export function window(parent: PlainStream, lengthMs: number, slideMs: number, since: () => number): PlainStream {
  return {
    kind: "snapshot",
    intervalMs: slideMs,
    order: parent.order === "defined" ? "defined" : "any",
    rows: start => intervalsBefore(parent, start + slideMs, lengthMs, since()).flatMap(at => parent.rows(at)),
  }
}

export function reduceByWindow(
  parent: PlainStream,
  f: (a: never, b: never) => unknown,
  lengthMs: number,
  slideMs: number,
  since: () => number,
): PlainStream {
  return {
    kind: "snapshot",
    intervalMs: slideMs,
    order: "byKey",
    rows: start => {
      const state = new Map<string, unknown>()
      for (const at of intervalsBefore(parent, start + slideMs, lengthMs, since())) fold(state, parent.rows(at) as Pair[], f)
      return [...state]
    },
  }
}

function intervalsBefore(parent: PlainStream, end: number, lengthMs: number, since: number): number[] {
  const starts: number[] = []
  for (let at = end - lengthMs; at < end; at += parent.intervalMs) if (at >= since) starts.push(at)
  return starts
}

function fold(into: Map<string, unknown>, pairs: readonly Pair[], f: (a: never, b: never) => unknown): [string, unknown][] {
  for (const [key, value] of pairs) into.set(key, into.has(key) ? f(into.get(key) as never, value as never) : value)
  return [...into]
}
