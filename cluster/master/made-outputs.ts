/**
 * In which partitions of a finished interval's stored results there is anything: after a restart of the master the rest is known to be
 * empty, not lost. What was lost just now, between its task's end and its job's, is not empty either: it is made again.
 */

import type { StreamId } from "../../engine/definition.js"
import { panesMade } from "../../engine/dstream.js"
import { stepId } from "../../engine/stretch.js"
import type { IntervalJob } from "../scheduler/job-generator.js"
import type { Parts } from "./parts.js"
import type { MadeOutput } from "./stream-record.js"

export type Made = MadeOutput & { readonly stream: StreamId }

export function madeBy(parts: Pick<Parts, "chains" | "graph" | "tracker">, { target, stream, interval }: IntervalJob): Made[] {
  const { chains, graph, tracker } = parts
  if (target === null) return []
  const step = (start: number, output: string): Made => {
    // Of state the chain tells: it has a step wherever something changed, whether its block is there or not.
    const of = target.partitions
    const made = tracker.output(output)
    const whole = made !== undefined && made.present === of && made.parts.every(part => part !== undefined && part.block !== null)
    const there = whole ? partitions(of) : partitions(of).filter(p => chains.has(stream, p, start))
    return { stream, interval: start, output, of, partitions: there }
  }
  const { root } = target
  if (root.kind === "stretch") return root.starts.map(start => step(start, stepId(root, start)))
  if (target.write.kind !== "state" && target.write.kind !== "store") return []
  const stored = (start: number, output: string, of: number): Made => {
    const made = tracker.parts(output)
    return { stream, interval: start, output, of, partitions: partitions(of).filter(p => made[p] === undefined || made[p].block !== null) }
  }
  const own = target.write.kind === "state" ? step(interval.from, target.output) : stored(interval.from, target.output, target.partitions)
  const panes = panesMade(graph, stream, interval.from).filter(({ output }) => tracker.parts(output).length > 0)
  return [own, ...panes.map(({ output, start, partitions: of }) => stored(start, output, of))]
}

const partitions = (n: number): number[] => Array.from({ length: n }, (_, p) => p)
