/** How a handle went of late, or stands: what is drawn beside its newest number, and by `.plot`. */
import { handleData } from "../../engine/fluent/brand.js"
import { SeriesOf } from "../../engine/fluent/series.js"
import type { RDD, Series, SnapshotDStream } from "../../engine/fluent/types.js"
import { type Duration, formatDuration, parseDuration } from "../../engine/time.js"
import { isRanked, settled } from "./answers.js"

export interface Numbers {
  last(span: Duration): RDD<unknown>
}

const courseIntervals = 60
/** Of longer intervals fewer: what is older may have to be read from disks. */
const courseMs = 600_000
/** Of pairs, the greatest. */
const drawnRows = 20

/** The newest numbers of a stream that has one an interval, oldest first. */
export interface Course {
  readonly numbers: readonly number[]
  /** Epoch ms of the last one's end, where each interval has one. */
  readonly end: number | undefined
}

/** Null where it has not one an interval, or too few. */
export async function courseOf(stream: Numbers, intervalMs: number, signal?: AbortSignal): Promise<Course | null> {
  const intervals = Math.min(courseIntervals, Math.floor(courseMs / intervalMs))
  if (intervals < 2) return null
  const { value, stamp } = await settled(stream.last(formatDuration(intervals * intervalMs)).collect(), signal)
  const numbers = value.filter(one => typeof one === "number")
  if (numbers.length < 2 || numbers.length < value.length) return null
  // A number of every interval: then it is known of which each is.
  const { from, to } = stamp.intervals
  return { numbers, end: to - from === numbers.length * intervalMs ? to : undefined }
}

/** What `.plot` is to draw of a value: a handle's numbers over time, or its newest pairs; what is no handle as it is. */
export async function drawable(value: unknown): Promise<unknown> {
  switch (handleData(value)?.kind) {
    case "stream":
      return ofStream(value as SnapshotDStream<unknown> & Numbers)
    case "rdd":
      return ofRdd(value as RDD<unknown>)
    case "snapshots":
      return (value as { count(): PromiseLike<Series<number>> }).count()
    default:
      return value
  }
}

async function ofStream(stream: SnapshotDStream<unknown> & Numbers): Promise<unknown> {
  const { kind, interval } = await stream.info()
  if (kind === "output") return undefined
  const newest = await ofRdd(stream.latest())
  if (kind !== "records" || newest.length !== 1 || typeof newest[0] !== "number") return newest
  const intervalMs = parseDuration(interval)
  const course = await courseOf(stream, intervalMs)
  return course === null ? newest : overTime(course, intervalMs)
}

/** A series where it is known of which interval each number is. */
function overTime({ numbers, end }: Course, intervalMs: number): unknown {
  if (end === undefined) return numbers
  const first = end - numbers.length * intervalMs
  return new SeriesOf(numbers.map((value, i) => ({ interval: { from: first + i * intervalMs, to: first + (i + 1) * intervalMs }, value })))
}

async function ofRdd(rdd: RDD<unknown>): Promise<readonly unknown[]> {
  const rows = await rdd.take(drawnRows)
  return rows.length > 0 && rows.every(isRanked) ? await (rdd as RDD<[unknown, number]>).top(drawnRows) : rows
}
