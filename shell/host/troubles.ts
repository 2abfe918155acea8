/** What is not as it should be in the cluster, the gravest first, each with what explains it: the status line's, and `.why`'s. */
import type { ClusterStatus } from "../../cluster/protocol.js"
import { aSecond, formatNumber } from "../view/number.js"

const worthMs = 10

/** Of a stream, a worker, or the cluster itself. */
export interface Trouble {
  readonly about: "stream" | "worker" | "cluster" | "aside"
  readonly text: string
  /** The command that says more. */
  readonly command?: string
}

export function troublesOf({ held, behind, workers, warnings, aside }: ClusterStatus): Trouble[] {
  const found: Trouble[] = []
  for (const { stream } of held) found.push({ about: "stream", text: `${stream} held`, command: `.why ${stream}` })
  for (const { name, state } of workers) if (state === "lost") found.push({ about: "worker", text: `${name} is lost`, command: ".events" })
  for (const { stream, lagMs } of behind)
    found.push({ about: "stream", text: `${stream} ${(lagMs / 1000).toFixed(1)} s behind`, command: `.why ${stream}` })
  for (const { name, state, slow, medianMs } of workers) {
    // What takes three milliseconds in place of one makes nothing late.
    if (state !== "slow" || (slow && medianMs < worthMs)) continue
    found.push({ about: "worker", text: slow ? `${name} slow (${slow.times.toFixed(1)} ×)` : `${name} is silent`, command: ".workers" })
  }
  for (const text of warnings) found.push({ about: "cluster", text })
  for (const { stream, records, perSecond } of aside)
    found.push({
      about: "aside",
      text: `${stream}: ${formatNumber(records)} set aside, ${aSecond(perSecond)} a second`,
      command: `${stream.split("/").at(-1)}.aside`,
    })
  return found
}

/** The gravest, and how many more there are. Empty: nothing. */
export function troubleLine(found: readonly Trouble[]): string {
  const [first, ...more] = found
  if (first === undefined) return ""
  const text = first.command === undefined ? first.text : `${first.text}${first.text.includes(":") ? " · " : ": "}${first.command}`
  return `● ${text}${more.length > 0 ? ` · ${more.length} more: .why` : ""}`
}
