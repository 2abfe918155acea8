/** What happens in the cluster, one dim line above the input each; and what has happened, for who asks. */
import type { ClusterEvent, EventEntry, PastEvent } from "../../cluster/protocol.js"
import { formatTime } from "../../engine/time.js"
import type { StyledLine } from "../session.js"
import { printable } from "../view/table.js"

/** Null for what is shown elsewhere (logs), and for what this user did himself. */
export function eventLine(event: ClusterEvent, user: string): StyledLine | null {
  if (event.kind === "log" || ("by" in event && event.by === user)) return null
  if (event.kind === "ending") return { text: `● ${endingText(event.startedBy)}`, style: "warning" }
  // Of a loss after which nothing was missing there is nothing to tell.
  if (event.kind === "recovered" && event.partitions === 0) return null
  return { text: `● ${eventText(event)}${event.kind === "held" ? ` · .why ${event.stream}` : ""}`, style: styleOf(event) }
}

/** `time` of starts and ends of intervals, as text. */
export function eventText(event: PastEvent, time: (ms: number) => string = ms => new Date(ms).toISOString()): string {
  switch (event.kind) {
    case "workerLost":
      return `${event.name} lost (${printable(event.why)}) · ${event.partitions === 0 ? "nothing is missing" : `${counted(event.partitions)} made again when needed`}`
    case "workerJoined":
      return `${event.name} joined`
    case "draining":
      return `${event.by} drains ${event.name}: it gets nothing new, ${event.blocks} blocks are copied elsewhere`
    case "staying":
      return `${event.name} stays (${event.by})`
    case "drained":
      return `${event.name} is drained and has left; nothing is missing`
    case "recovered":
      return `${event.name}: ${counted(event.partitions)} there again after ${(event.ms / 1000).toFixed(2)} s`
    case "held":
      return `${event.stream} held: ${printable(event.failure.message.split("\n")[0]!)}`
    case "defined":
      return `${event.by} defined ${event.stream}`
    case "stopped":
      return `${event.by} stopped ${event.stream}`
    case "warning":
      return printable(event.text)
    case "standsBy":
      return `the master ${masterName(event)} stands by`
    case "standbyLost":
      return `the master ${masterName(event)} stands by no more${event.left === 0 ? ": nobody would take over" : ""}`
    case "masterStarted":
      if (event.address === undefined) return `the master started (epoch ${event.epoch})`
      return `the master ${masterName({ host: event.host ?? "?", address: event.address })} ${event.epoch > 1 ? "took over" : "began"} (epoch ${event.epoch})`
    case "submitted":
      return `${event.by} submitted ${event.program}`
    case "returned":
      return `${event.stream} was called back`
    case "kept":
      return `${event.stream} stays until it is stopped`
    case "renamed":
      return `${event.stream} is now called ${event.to}`
    case "replaced":
      return `${event.by} replaced ${event.stream}: version ${event.version} from ${time(event.from)}`
    case "resumed":
      return `${event.stream} goes on${event.without === null ? "" : `, without ${event.without === "record" ? "the records that failed" : "that interval"}`}`
    case "gaveUp":
      return `${event.stream}: its input of ${time(event.from)}–${time(event.to)} is kept no longer`
    case "sealed":
      return `${event.stream} sealed ${time(event.from)}–${time(event.to)}: ${event.rows} records in ${event.blocks} blocks`
    case "checkpointed":
      return `${event.stream} checkpointed through ${time(event.through)}`
    case "retried":
      return `${about(event)} failed on ${event.worker} and is tried once more: ${printable(event.why.split("\n")[0]!)}`
    case "speculated":
      return `${about(event)} is slow on ${event.worker}: begun on ${event.second} too`
  }
}

function endingText(startedBy: string | null): string {
  return startedBy === null
    ? "the master was stopped; started again in its directory it goes on, and this shell finds it"
    : `the cluster has ended: ${printable(startedBy)}, who started it, has left; what ran on it is gone · .exit leaves`
}

/** Several a second of a cluster that is well: shown to who asks for them. */
const frequent: ReadonlySet<PastEvent["kind"]> = new Set(["sealed", "checkpointed"])

const kinds: Readonly<Record<PastEvent["kind"], true>> = {
  masterStarted: true,
  standsBy: true,
  standbyLost: true,
  workerJoined: true,
  workerLost: true,
  recovered: true,
  draining: true,
  staying: true,
  drained: true,
  defined: true,
  submitted: true,
  replaced: true,
  renamed: true,
  kept: true,
  stopped: true,
  returned: true,
  held: true,
  resumed: true,
  gaveUp: true,
  retried: true,
  speculated: true,
  sealed: true,
  checkpointed: true,
  warning: true,
}
export const eventKinds = Object.keys(kinds) as readonly PastEvent["kind"][]
export const usualKinds = eventKinds.filter(kind => !frequent.has(kind))

/** As data: flat, its times as a `Date`. */
export function eventRow({ wallMs, owner, event }: EventEntry): Record<string, unknown> {
  const { kind, ...rest } = event
  const times = Object.entries(rest).map(([name, value]) => [name, timeNames.has(name) ? new Date(value as number) : value])
  return { time: new Date(wallMs), kind, ...Object.fromEntries(times), ...(owner !== null && { owner }) }
}

const timeNames: ReadonlySet<string> = new Set(["from", "to", "through", "interval"])

export function pastLine({ wallMs, owner, event }: EventEntry, tz: string, nowMs: number): StyledLine {
  const time = (ms: number) => formatTime(ms, tz, { nowMs })
  const whose = owner === null || ("by" in event && event.by === owner) ? "" : ` · ${owner}'s`
  return { text: `${time(wallMs)}  ${event.kind.padEnd(13)}  ${eventText(event, time)}${whose}`, style: styleOf(event) }
}

function styleOf({ kind }: PastEvent): "dim" | "warning" {
  return ["workerLost", "standbyLost", "held", "warning", "gaveUp", "retried"].includes(kind) ? "warning" : "dim"
}

/** One of several. */
export const masterName = ({ host, address }: { readonly host: string; readonly address: string }) => printable(`${address} (${host})`)

const about = ({ stream, stage, partition }: { readonly stream: string | null; readonly stage: string; readonly partition: number }) =>
  `${stream ?? "a question"}: ${stage}, partition ${partition}`

const counted = (partitions: number) => (partitions === 1 ? "1 partition is" : `${partitions} partitions are`)
