/** What happens in the cluster, one dim line above the input each. */
import type { ClusterEvent } from "../../cluster/protocol.js"
import type { StyledLine } from "../session.js"
import { printable } from "../view/table.js"

/** Null for what is shown elsewhere (logs), and for what this user did himself. */
export function eventLine(event: ClusterEvent, user: string): StyledLine | null {
  switch (event.kind) {
    case "workerLost": {
      const then = event.partitions === 0 ? "nothing is missing" : `${counted(event.partitions)} made again when needed`
      return { text: `● ${event.name} lost (${printable(event.why)}) · ${then}`, style: "warning" }
    }
    case "workerJoined":
      return { text: `● ${event.name} joined`, style: "dim" }
    case "recovered":
      // Of a loss after which nothing was missing there is nothing to tell.
      if (event.partitions === 0) return null
      return { text: `● ${event.name}: ${counted(event.partitions)} there again after ${(event.ms / 1000).toFixed(2)} s`, style: "dim" }
    case "held":
      return {
        text: `● ${event.stream} held: ${printable(event.failure.message.split("\n")[0]!)} · .why ${event.stream}`,
        style: "warning",
      }
    case "defined":
      return event.by === user ? null : { text: `● ${event.by} defined ${event.stream}`, style: "dim" }
    case "stopped":
      return event.by === user ? null : { text: `● ${event.by} stopped ${event.stream}`, style: "dim" }
    case "warning":
      return { text: `● ${printable(event.text)}`, style: "warning" }
    case "log":
      return null
  }
}

const counted = (partitions: number) => (partitions === 1 ? "1 partition is" : `${partitions} partitions are`)
