/** One line of what is always worth knowing; under 80 columns it drops from the right. */
import type { StatusView } from "../session.js"
import { dim, red, yellow } from "./style.js"
import { truncate } from "./table.js"
import { cellWidth } from "./width.js"

interface Shown {
  readonly status: StatusView | null
  readonly lostForS: number | null
  readonly running: boolean
  readonly progress?: string
  /** Cells that were entered meanwhile. */
  readonly waiting: number
}

export function statusLine({ status, lostForS, running, progress = "", waiting }: Shown, width: number): string {
  if (lostForS !== null) return red(truncate(` no answer from the master for ${lostForS} s; streams do not need this shell`, width - 1))
  if (status === null) return dim(" …")
  const parts = [
    status.cluster,
    `${status.workers} worker${status.workers === 1 ? "" : "s"}${status.lost > 0 ? ` (${status.lost} lost)` : ""}`,
    `${status.streams} stream${status.streams === 1 ? "" : "s"}`,
    `${status.rate} rec/s ${status.spark}`,
    status.newest,
    running ? `${progress === "" ? "running" : progress}${waiting > 0 ? `, ${waiting} waiting` : ""} · Ctrl-C cancels` : "",
    status.worst,
  ].filter(part => part !== "")
  const bad = status.lost > 0 || status.worst !== ""
  let line = ` ${parts.join(" · ")}`
  // The worst thing is the last to go.
  for (let drop = parts.length - 2; cellWidth(line) >= width && drop > 1; drop--) {
    parts.splice(drop, 1)
    line = ` ${parts.join(" · ")}`
  }
  return (bad ? yellow : dim)(truncate(line, width - 1))
}
