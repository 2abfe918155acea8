/** The causes that a master finds for a stream's state, in a person's words: what it is, what shows it, what to try. */

import { formatDuration, formatTime } from "../../engine/time.js"
import type { LongTask, RunningTask, WhyCause } from "../protocol.js"

export interface CauseInWords {
  readonly what: string
  readonly evidence: string
  readonly try: string[]
}

/** `tz`: of times in it. */
export function causeInWords(cause: WhyCause, { tz, nowMs }: { readonly tz: string; readonly nowMs: number }): CauseInWords {
  switch (cause.kind) {
    case "held": {
      const { failure, stream, lookedAhead } = cause
      if (failure.kind === "machine" || failure.kind === "fetch" || failure.kind === "killed")
        return {
          what: failure.message,
          evidence: "a machine was at fault: it goes on by itself",
          try: [`mend that; .resume ${stream} tries at once`],
        }
      const where = failure.origin ? ` (${failure.operator ?? "function"}, ${failure.origin.file}:${failure.origin.line})` : ""
      const shown = failure.record === undefined ? [] : [`record ${failure.record}`]
      if (lookedAhead) shown.push(`${lookedAhead.failing} of ${lookedAhead.records} records that wait throw too`)
      return {
        what: `${failure.record === undefined ? "a function failed" : "a record at which a function throws"}${where}: ${failure.message}`,
        evidence: shown.join("; "),
        try: [`${stream}.replace(…): a fixed function in its place`, `.resume ${stream} record: without such records`],
      }
    }
    case "heldBy":
      return { what: `it waits for ${cause.stream}, which is held`, evidence: "", try: [`.why ${cause.stream.split("/").at(-1)}`] }
    case "waitsFor": {
      const until = cause.untilMs === null ? "its end" : formatTime(cause.untilMs, tz, { nowMs })
      const name = cause.stream.split("/").at(-1)
      return {
        what: `it is joined with ${cause.stream} up to ${until}, which is not there yet`,
        evidence: "an interval is made when all that it is joined with is there",
        try: [`.why ${name}`, ".streams: how far it has come"],
      }
    }
    case "archiveHeld":
      return {
        what: `it is not archived: ${cause.stream} is held`,
        evidence: "what is not archived is kept, and senders wait when there is no more room for it",
        try: [`.why ${cause.stream.split("/").at(-1)}`],
      }
    case "journal":
      return {
        what: `the master's journal cannot be written: ${cause.error}`,
        evidence: "nothing new is decided, for all streams alike; it is tried again all the time",
        try: ["make room on the disk of the master's --dir, and it goes on by itself"],
      }
    case "fullDisk":
      return {
        what: `${cause.worker} can put nothing more on its disk: ${cause.error}`,
        evidence: "the oldest input goes when its memory is full, then senders wait",
        try: ["make room there, and it is used by itself", "one more worker"],
      }
    case "lateInput":
      return {
        what: `its input ${cause.input} is ${seconds(cause.lagMs)} behind`,
        evidence: "intervals close when every worker has reported through them: a worker is away, or the source is late",
        try: [".workers", ".events"],
      }
    case "heavyKey":
      return {
        what: `one key holds ${Math.round((100 * cause.rows) / cause.ofRows)} % of the shuffle: ${cause.key}`,
        evidence: `${shownBy(cause.task)}; all ${Math.round(cause.rows)} records of it an interval go to one task`,
        try: /cogroup|[jJ]oin/.test(cause.task.stage)
          ? ["reduceByKey each side before the join, or filter the key out"]
          : [
              "reduceByKey: one partial value a map task in place of every record",
              'filter the key out, if it stands for nothing ("-", null)',
            ],
      }
    case "slowWorker": {
      const { worker, times, ownMs, othersMs, copied, getsLess } = cause
      const copies = `${copied > 0 ? `; ${copied} of its tasks were given a second copy` : ""}${getsLess ? "; it gets fewer tasks" : ""}`
      return {
        what: `${worker} is slow: tasks take ${times.toFixed(1)} × what they take elsewhere`,
        evidence: `${ownMs.toFixed(0)} ms there, ${othersMs.toFixed(0)} ms on the others${copies}`,
        try: [`.drain ${worker}: its work goes to the others, and it ends`],
      }
    }
    case "unevenPartition":
      return {
        what: `partition ${cause.task.partition} of ${cause.task.stage} has more to do than others`,
        evidence: shownBy(cause.task),
        try: ["more partitions, or repartition"],
      }
    case "longTask":
      return longTask(cause.task, formatTime(cause.task.interval, tz, { nowMs }))
    case "catchingUp":
      return catchingUp(cause)
    case "capacity":
      return {
        what: `capacity: streams keep ${cause.busy.toFixed(1)} of ${cause.cores} cores busy`,
        evidence: `of it ${seconds(cause.workMs)} of work per ${formatDuration(cause.intervalMs)} interval here`,
        try: ["one more worker", ".streams: what else runs"],
      }
  }
}

function longTask({ stream, partition, stage, worker, ms, othersMs, timeoutMs, second }: RunningTask, time: string): CauseInWords {
  const name = stream.split("/").at(-1)
  const place = partition === null ? `${stream}@${time}` : `${stream}@${time}/${partition}`
  const others = othersMs === null ? "none before it has ended" : `others took ${seconds(othersMs)}`
  const also = second === null ? "" : `; begun on ${second} too`
  return {
    what: `${partition === null ? "the body" : "a task"} of ${place} has run for ${seconds(ms)} on ${worker} (${others})`,
    evidence: `${stage}: a function that takes long, or never ends; once it has computed for ${seconds(timeoutMs)} (by the clock that is longer on a busy machine) it is ended, tried once on another worker, and the stream held${also}`,
    try: [
      ...(partition === null ? [] : [`rivulet run program.ts --only ${name}@${time}/${partition} --inspect: the same task in a debugger`]),
      `.edit ${name}: a function that takes less, in its place`,
      `.stop ${name}: it is cancelled`,
    ],
  }
}

function catchingUp({ stream, intervals, perSecond, comingPerSecond, leftMs }: Extract<WhyCause, { kind: "catchingUp" }>): CauseInWords {
  const figure = (of: number) => (of >= 10 ? of.toFixed(0) : String(Number(of.toFixed(1))))
  const left = leftMs === null ? "" : `, in about ${about(leftMs)}`
  const nearer = perSecond === null || perSecond > comingPerSecond
  return {
    what: `catching up: ${intervals} intervals behind, ${perSecond === null ? "none ended of late" : `${figure(perSecond)} a second`}${left}`,
    evidence: nearer
      ? "it began behind its input, or was held: what came meanwhile is computed now"
      : `${figure(comingPerSecond)} a second are added: it gets no nearer`,
    try: [`.jobs ${stream}: what an interval takes`],
  }
}

function about(ms: number): string {
  return ms >= 120_000 ? `${Math.round(ms / 60_000)} min` : `${Math.max(1, Math.round(ms / 1_000))} s`
}

function shownBy({ stage, partition, ms, othersMs }: LongTask): string {
  return `${stage}, partition ${partition}: ${seconds(ms)}, others ${seconds(othersMs)}`
}

function seconds(ms: number): string {
  return ms >= 100 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(0)} ms`
}
