/** What a partition is made of, as a tree whose columns stand below each other; and what the loss of a worker would cost, a line each. */
import type { LossOrigin, PartitionLineage, PartitionStep, WorkerLoss } from "../../cluster/protocol.js"
import { formatTime } from "../../engine/time.js"
import type { StyledLine } from "../session-types.js"
import { formatBytes, formatNumber } from "../view/number.js"
import { pad, truncate } from "../view/table.js"
import { cellWidth } from "../view/width.js"

interface Place {
  readonly tz: string
  readonly columns: number
  now(): number
}

export function partitionLines(lineage: PartitionLineage, place: Place): StyledLine[] {
  const time = (ms: number) => formatTime(ms, place.tz, { nowMs: place.now() })
  const rows = lineage.step === null ? [] : rowsOf(lineage.step, time)
  const widths = [0, 1, 2].map(column => Math.max(0, ...rows.map(row => cellWidth(row[column]!))))
  const tree = rows.map(row => row.map((cell, column) => (column < 3 ? pad(cell, widths[column]!, false) : cell)).join("   "))
  return [
    ...tree.map(text => ({ text: truncate(`  ${text.trimEnd()}`, place.columns) })),
    ...lossLines(lineage, time).map((text): StyledLine => ({ text: `  ${text}`, style: "dim" })),
  ]
}

type Time = (ms: number) => string

/** Name, kind, who holds it, how much. */
function rowsOf(root: PartitionStep, time: Time): string[][] {
  const rows: string[][] = []
  const walk = (step: PartitionStep, lead: string, below: string): void => {
    const [name, ...rest] = cellsOf(step, time)
    rows.push([`${lead}${name}`, ...rest])
    step.parents.forEach((parent, i) => {
      const last = i === step.parents.length - 1
      walk(parent, `${below}${last ? "└─ " : "├─ "}`, `${below}${last ? "   " : "│  "}`)
    })
  }
  walk(root, "", "")
  return rows
}

function cellsOf(step: PartitionStep, time: Time): [string, string, string, string] {
  const { stream, at, partition, of, what, workers, rows, bytes, keys, deltas, checkpoint } = step
  const isState = deltas !== undefined
  const name = `${stream === null ? what : shortName(stream)}${at === null ? "" : `[${time(at)}]`}${partition === null ? "" : ` ${partition}`}`
  const kind = checkpoint && isState ? "CHECKPOINT" : stream === null ? "" : `${what}${partition === null && of > 1 ? ` ×${of}` : ""}`
  const amounts = [
    keys === undefined ? "" : `${formatNumber(keys)} keys`,
    rows === 0 || (isState && deltas === 0) ? "" : isState ? `delta of ${formatNumber(rows)}` : `${formatNumber(rows)} rows`,
    isState && rows === 0 && deltas > 0 ? `${deltas} deltas upon its base` : "",
    bytes === 0 ? "" : formatBytes(bytes),
    checkpoint ? "lineage ends here" : "",
  ]
  const where = workers.length > 0 ? workers.join(" + ") : stream === null ? "" : "on demand"
  return [name, kind, where, amounts.filter(text => text !== "").join(", ")]
}

function lossLines({ stream, partitions, step, losses }: PartitionLineage, time: Time): string[] {
  const name = shortName(stream)
  if (losses.length === 0) return [`no worker holds anything of ${name} then: it is computed when it is asked`]
  const all = partitions === 1 ? "its partition" : `any of its ${partitions} partitions`
  if (step === null && losses.every(loss => loss.partitions.length === 0))
    return [`if any one worker were lost: nothing would be computed again, two workers have ${all}`]
  return losses.map(loss => `if ${loss.worker} were lost: ${lossText(loss, name, time)}`)
}

function lossText({ partitions, copies, tasks, from, on, ms, gone }: WorkerLoss, name: string, time: Time): string {
  if (partitions.length === 0)
    return `nothing would be computed again, ${copies.join(" and ")} ${copies.length === 1 ? "has" : "have"} it too`
  const count = tasks.reduce((sum, one) => sum + one.tasks, 0)
  const which = `${name} ${partitions.join(" ")}`
  const lost = gone.map(one => originText(one, time)).join(", ")
  if (lost !== "") return `${which} could not be made again: nobody else has ${lost}`
  const by = tasks.map(one => `${shortName(one.name)} ${formatNumber(one.tasks)}`).join(", ")
  const begins = from.length === 0 ? "" : `, from ${from.map(one => originText(one, time)).join(" and ")}`
  const long = ms === null ? "" : `, about ${aboutLong(ms)}`
  const where = on.length === 0 ? " when there is a worker again" : ` on ${on.join(" ")}`
  return `${which} by ${formatNumber(count)} ${count === 1 ? "task" : "tasks"} (${by})${where}${begins}${long}`
}

function originText({ name, kind, first, last }: LossOrigin, time: Time): string {
  if (kind === "file" || kind === "blocks") return name
  const when = first === last ? time(first) : `${time(first)} to ${time(last)}`
  return `${shortName(name)}[${when}]`
}

function aboutLong(ms: number): string {
  return ms < 1 ? "1 ms" : ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** Without its program: that is said by who asks. */
function shortName(stream: string): string {
  return stream.slice(stream.indexOf("/") + 1)
}
