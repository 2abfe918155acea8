/**
 * Tasks that need not run: all they would read is empty, and of nothing they make nothing. With many small intervals most
 * partitions are of that kind, and a state's cost must follow the keys that changed.
 */

import type { InputRef, StateNode } from "../../engine/rdd.js"
import { type StageSpec, writesFile } from "../../engine/task.js"
import { mayHaveRows, type Places } from "./inputs.js"

/** All of `reads` must be there. */
export function canSkip(spec: StageSpec, partition: number, reads: readonly InputRef[], places: Places): boolean {
  const root = spec.root
  if (root.kind === "state" && spec.write.kind === "state") return stateUnchanged(root, partition, reads, places)
  if (root.kind === "stretch") return reads.every(ref => ref.kind === "state" || !mayHaveRows(ref, places))
  return spec.quietWhenEmpty === true && !writesFile(spec.write) && reads.every(ref => !mayHaveRows(ref, places))
}

function stateUnchanged(node: StateNode, partition: number, reads: readonly InputRef[], places: Places): boolean {
  if ((node.initial !== null && node.previous === null) || node.migrate !== undefined) return false
  if (node.window !== undefined) {
    // What lies inside is read only to make anew what changed.
    const changing = new Set<string>()
    for (const pane of [...node.window.added, ...node.window.expired]) if (pane.kind === "stored") changing.add(pane.id)
    return reads.every(ref => (ref.kind === "output" ? !changing.has(ref.output) || !mayHaveRows(ref, places) : ref.kind === "state"))
  }
  for (const ref of reads) {
    if (ref.kind === "state" && ref.stream === node.stream) continue
    if (mayHaveRows(ref, places)) return false
  }
  switch (node.op.kind) {
    case "runningReduce":
      return true
    case "reduceByEventTime":
    case "track": {
      // A key last seen in interval k goes in k + ⌈T/d⌉: so one goes now only if something was seen that long ago.
      const seen = node.interval - Math.ceil(node.op.timeoutMs / node.intervalMs) * node.intervalMs
      return !places.chains.has(node.stream, partition, seen)
    }
    case "updateStateByKey":
      return places.chains.keys(node.stream, partition, node.interval - node.intervalMs) === 0
    case "reduceByWindow":
      return false
  }
}
