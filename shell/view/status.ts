/** One line of what is always worth knowing; under 80 columns it drops from the right. */
import type { StatusView } from "../session.js"
import { dim, red, yellow } from "./style.js"
import { truncate } from "./table.js"
import { cellWidth } from "./width.js"

interface Shown {
  readonly status: StatusView | null
  readonly lostForS: number | null
  readonly clusterEnded?: boolean
  readonly running: boolean
  readonly progress?: string
  /** Cells that were entered meanwhile. */
  readonly waiting: number
}

export function statusLine({ status, lostForS, clusterEnded, running, progress = "", waiting }: Shown, width: number): string {
  if (lostForS !== null) {
    const why = clusterEnded ? "the cluster has ended" : "streams do not need this shell"
    return red(truncate(` no answer from the master for ${lostForS} s; ${why}`, width - 1))
  }
  if (status === null) return dim(" …")
  const asking = running ? `${progress === "" ? "running" : progress}${waiting > 0 ? `, ${waiting} waiting` : ""}` : ""
  const end = running ? " · Ctrl-C cancels" : ""
  const parts = [
    status.cluster,
    `${status.workers} worker${status.workers === 1 ? "" : "s"}${status.lost > 0 ? ` (${status.lost} lost)` : ""}`,
    `${status.streams} stream${status.streams === 1 ? "" : "s"}`,
    `${status.rate} rec/s ${status.spark}`,
    status.newest,
    status.worst,
    asking,
  ]
  const bad = status.lost > 0 || status.worst !== ""
  const written = () => ` ${parts.filter(part => part !== "").join(" · ")}`
  const room = width - cellWidth(end)
  // Where there is no room the numbers go first; what the person waits for is the last, and how to end it stays.
  for (const least of [4, 3, 2, ...(asking === "" ? [] : [1, 5, 0])]) if (cellWidth(written()) >= room) parts[least] = ""
  return (bad ? yellow : dim)(`${truncate(written(), room - 1)}${end}`)
}
