/** One line of what is always worth knowing; under 80 columns it drops from the right. */
import { Text } from "ink"
import type { ReactNode } from "react"
import type { StatusView } from "../session.js"
import { truncate } from "./table.js"

interface Props {
  readonly status: StatusView | null
  readonly lostForS: number | null
  readonly running: boolean
  /** Cells that were entered meanwhile. */
  readonly waiting: number
  readonly width: number
}

export function StatusLine({ status, lostForS, running, waiting, width }: Props): ReactNode {
  if (lostForS !== null)
    return <Text color="red">{truncate(` no answer from the master for ${lostForS} s; streams do not need this shell`, width - 1)}</Text>
  if (status === null) return <Text dimColor> …</Text>
  const parts = [
    status.cluster,
    `${status.workers} worker${status.workers === 1 ? "" : "s"}${status.lost > 0 ? ` (${status.lost} lost)` : ""}`,
    `${status.streams} streams`,
    `${status.rate} rec/s ${status.spark}`,
    status.newest,
    running ? `running${waiting > 0 ? `, ${waiting} waiting` : ""} · Ctrl-C cancels` : "",
    status.worst,
  ].filter(part => part !== "")
  const bad = status.lost > 0 || status.worst !== ""
  let line = ` ${parts.join(" · ")}`
  // The worst thing is the last to go.
  for (let drop = parts.length - 2; line.length >= width && drop > 1; drop--) {
    parts.splice(drop, 1)
    line = ` ${parts.join(" · ")}`
  }
  return bad ? <Text color="yellow">{truncate(line, width - 1)}</Text> : <Text dimColor>{truncate(line, width - 1)}</Text>
}
