/**
 * What another definition of a stream would have made of the intervals that are kept, beside what the present one made: records as many
 * times as they are in both, those of one alone, and intervals at which a function throws. Of a state that keeps its reduction it is what goes into it.
 */
import type { ClientSession } from "../../cluster/client/session.js"
import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { Answer, RDD } from "../../engine/fluent/types.js"
import type { TaskFailure } from "../../engine/task.js"

/** So many of the newest intervals: an answer's time, not a replay's. */
const intervalsTried = 60
/** Rows of one alone that are shown. */
const shown = 3

export interface Trial {
  /** `records`: of the stream itself; `input`: what goes into the state. */
  readonly of: "records" | "input"
  readonly from: number
  readonly to: number
  readonly intervals: number
  /** Null: one of both throws in each of them, or does not end. */
  readonly compared: Compared | null
  /** Records of the new one, where the present one does not end. */
  readonly made?: number | null
  readonly before: Throwing
  readonly after: Throwing
}

export interface Compared {
  readonly same: number
  readonly before: number
  readonly after: number
  /** Some of those that one alone has. */
  readonly onlyBefore: readonly unknown[]
  readonly onlyAfter: readonly unknown[]
}

/** In how many intervals it throws, null: in some, and how in the first of them. */
export interface Throwing {
  readonly intervals: number | null
  readonly first: TaskFailure | null
}

/** Why there is nothing to compare. */
export interface Untried {
  readonly untried: string
}

const none: Throwing = { intervals: 0, first: null }

type Records = { slice(from: number, to: number): RDD<unknown> }

export async function tryOut(session: ClientSession, old: StreamId, next: StreamId): Promise<Trial | Untried> {
  const { definitions } = session.host
  const [was, will] = [definitions.get(old), definitions.get(next)]
  const pair = comparable(was, will)
  if (typeof pair === "string") return { untried: pair }
  const intervalMs = definitions.get(pair.old).intervalMs
  const range = await reach(session, [pair.old, pair.next], intervalMs)
  if (range === null) return { untried: "nothing is kept of what both are made of" }
  const { from, to } = range
  const [left, right] = [pair.old, pair.next].map(id => session.host.open(id, false) as unknown as Records) as [Records, Records]
  const intervals = (to - from) / intervalMs
  const about = { of: pair.of, from, to, intervals }
  try {
    return { ...about, compared: await compare(left.slice(from, to), right.slice(from, to)), before: none, after: none }
  } catch (error) {
    const failure = failureOf(error)
    if (failure.kind === "timeout")
      return { ...about, compared: null, ...(await endless(left.slice(from, to), right.slice(from, to), failure)) }
  }
  // Something throws: interval by interval it is known where, and the rest is compared.
  const starts = Array.from({ length: intervals }, (_, i) => from + i * intervalMs)
  const throwing = async (stream: Records) => {
    const failures = new Map<number, TaskFailure>()
    await Promise.all(
      starts.map(async start => {
        const failure = await stream
          .slice(start, start + intervalMs)
          .count()
          .then(() => null, failureOf)
        if (failure !== null) failures.set(start, failure)
      }),
    )
    return failures
  }
  const [before, after] = [await throwing(left), await throwing(right)]
  const sound = starts.filter(start => !before.has(start) && !after.has(start))
  const compared = sound.length === 0 ? null : await compare(union(left, sound, intervalMs), union(right, sound, intervalMs))
  return { ...about, compared, before: summed(before), after: summed(after) }
}

/**
 * `failure`: one of both has a function that does not end. Each of their intervals would cost the time after which a question's task is
 * given up, so all together are asked, and of the present one only where the new one is at fault.
 */
async function endless(left: RDD<unknown>, right: RDD<unknown>, failure: TaskFailure): Promise<Pick<Trial, "before" | "after" | "made">> {
  const made = await right.count().then(count => count, failureOf)
  if (typeof made === "number") return { before: { intervals: null, first: failure }, after: none, made }
  const first = await left.count().then(() => null, failureOf)
  return { before: { intervals: null, first }, after: { intervals: null, first: made }, made: null }
}

/** Streams whose records can be compared; or why there are none. */
function comparable(
  was: StreamDefinition,
  will: StreamDefinition,
): { readonly of: Trial["of"]; readonly old: StreamId; readonly next: StreamId } | string {
  if (was.kind !== will.kind) return "they are of two kinds"
  if (was.kind === "records" && was.intervalMs === will.intervalMs) return { of: "records", old: was.id, next: will.id }
  if (was.node.kind !== "state" || will.node.kind !== "state")
    return `of ${was.kind === "output" ? "an output" : "snapshots"} only the plan is known`
  if (JSON.stringify(was.node.op) !== JSON.stringify(will.node.op))
    return "its reduction is another: beside it, under a name of its own, both can be asked"
  return { of: "input", old: was.node.parent, next: will.node.parent }
}

/** The newest intervals that all inputs of both have, from where all are kept. */
async function reach(
  session: ClientSession,
  streams: readonly StreamId[],
  intervalMs: number,
): Promise<{ readonly from: number; readonly to: number } | null> {
  const { definitions } = session.host
  const entries = new Map((await session.host.catalog()).map(entry => [entry.definition.id, entry]))
  let [from, to] = [0, Number.POSITIVE_INFINITY]
  const visit = (id: StreamId): void => {
    const definition = definitions.get(id)
    const { node } = definition
    if (node.kind === "lift") return node.parents.forEach(visit)
    if (node.kind !== "input" && "parent" in node) return visit(node.parent)
    const entry = entries.get(definition.id)
    from = Math.max(from, entry?.reachesMs ?? Number.POSITIVE_INFINITY)
    to = Math.min(to, entry?.throughMs ?? 0)
  }
  streams.forEach(visit)
  const end = Math.floor(to / intervalMs) * intervalMs
  const begin = Math.max(Math.ceil(from / intervalMs) * intervalMs, end - intervalsTried * intervalMs)
  return begin < end && Number.isFinite(begin) ? { from: begin, to: end } : null
}

function union(stream: Records, starts: readonly number[], intervalMs: number): RDD<unknown> {
  const slices = starts.map(start => stream.slice(start, start + intervalMs))
  return slices.reduce((all, one) => all.union(one))
}

type Counts = [same: number, before: number, after: number]
type Counted = [value: unknown, counts: [number | undefined, number | undefined]]

/** On the cluster: only counts, and a few rows, come here. */
async function compare(left: RDD<unknown>, right: RDD<unknown>): Promise<Compared> {
  const counted = (rows: RDD<unknown>) => rows.map(row => [row, 1] as [unknown, number]).reduceByKey((a, b) => a + b)
  const both = counted(left).fullOuterJoin(counted(right)) as unknown as RDD<Counted>
  const counts = both.map(([, [a = 0, b = 0]]) => [Math.min(a, b), Math.max(0, a - b), Math.max(0, b - a)] as Counts)
  const add = (x: Counts, y: Counts): Counts => [x[0] + y[0], x[1] + y[1], x[2] + y[2]]
  const [same, before, after] = await counts.aggregate([0, 0, 0] as Counts, add, add)
  const some = (rows: Answer<Counted[]> | null) => rows?.then(found => found.map(([row]) => row)) ?? []
  const [onlyBefore, onlyAfter] = await Promise.all([
    some(before > 0 ? both.filter(([, [a = 0, b = 0]]) => a > b).take(shown) : null),
    some(after > 0 ? both.filter(([, [a = 0, b = 0]]) => b > a).take(shown) : null),
  ])
  return { same, before, after, onlyBefore, onlyAfter }
}

/** Throws what is no failure of a function: that the question was cancelled. */
function failureOf(error: unknown): TaskFailure {
  const { failure } = (error ?? {}) as { readonly failure?: TaskFailure }
  if (failure === undefined) throw error
  return failure
}

function summed(failures: ReadonlyMap<number, TaskFailure>): Throwing {
  const first = [...failures].sort(([a], [b]) => a - b)[0]
  return { intervals: failures.size, first: first === undefined ? null : { ...first[1], interval: first[0] } }
}
