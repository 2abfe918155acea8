/** Of a cluster whose masters share a store: a line for the one that leads, and one for each that would take over. */
import type { ClusterStatus } from "../../cluster/protocol.js"
import { formatTime } from "../../engine/time.js"
import { eventText, masterName } from "./event-line.js"

export function masterLines({ masters, wallMs }: Pick<ClusterStatus, "masters" | "wallMs">, tz: string): string[] {
  if (masters === undefined) return []
  const { epoch, standbys } = masters
  const since = (ms: number) => `since ${formatTime(ms, tz, { nowMs: wallMs })}`
  return [
    `  leads   ${masterName(masters)}   ${since(masters.sinceMs)}, epoch ${epoch}`,
    ...standbys.map(one => `  standby ${masterName(one)}   ${since(one.sinceMs)}`),
    ...(standbys.length === 0 ? ["  standby none: nobody takes over if this master ends"] : []),
  ]
}

/** Another master leads than when the shell asked before: who attached hears nothing of it else, as nothing is lost. */
export function takenOverLine(before: ClusterStatus | null, { masters }: ClusterStatus): string | null {
  if (masters === undefined || before?.masters === undefined || masters.epoch <= before.masters.epoch) return null
  return `● ${eventText({ kind: "masterStarted", ...masters })}`
}
