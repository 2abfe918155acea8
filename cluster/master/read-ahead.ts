/**
 * How far files are read ahead of what is made of them: far enough that every stream can make its next interval, however long,
 * and no further than is of use.
 */

import type { StreamId } from "../../engine/definition.js"
import { rangesAhead } from "../../engine/dstream.js"
import type { Parts } from "./parts.js"
import type { Readings } from "./readings.js"
import type { SealRecord } from "./records.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"

/** Whether some stream made of the input, or who reads it, has too many of its intervals with records before it already. */
export function isReadAhead(
  { catalog, graph, ledger, config }: Pick<Parts, "catalog" | "graph" | "ledger" | "config">,
  readings: Readings,
  input: StreamId,
): boolean {
  const record = ledger.streams.get(input) as StreamRecord
  // What is joined with a range of the same input can come no further before all of that has been read.
  const waitsFor = ({ definition }: StreamRecord) =>
    rangesAhead(graph, definition.id).some(({ stream }) => catalog.inputsOf(graph.definition(stream).definition).includes(input))
  const made = [record, ...catalog.dependents(input).filter(stream => !waitsFor(stream))]
  // A stream moves by whole intervals of its own, and who reads it says where the last one begins: two of them have to fit.
  const most = (intervalMs: number) => Math.max(config.readAheadIntervals, (2 * intervalMs) / record.definition.intervalMs)
  // Who reads several streams side by side may go no further in one before there is more of another.
  const mostRead = most(Math.max(...made.map(({ definition }) => definition.intervalMs)))
  return made.some(({ definition, through, held }) => {
    if (runs(definition) && held === null && isBehind(record, through, most(definition.intervalMs))) return true
    const read = readings.from(definition.id)
    return read !== null && isBehind(record, read, mostRead)
  })
}

function isBehind({ seals }: StreamRecord, through: number, most: number): boolean {
  let behind = 0
  for (let i = seals.length - 1; i >= 0 && (seals[i] as SealRecord).to > through; i--) {
    if ((seals[i] as SealRecord).groups.length > 0) behind += 1
    if (behind > most) return true
  }
  return false
}
