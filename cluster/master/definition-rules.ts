/** What a definition must be to be accepted (intervals and their multiples). Errors name both numbers. */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { namedIn, usesIn, watchedIn } from "../../engine/dstream.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream } from "../../engine/graph.js"
import { formatDuration } from "../../engine/time.js"

const longestIntervalMs = 24 * 3_600_000

export function parentsOf({ node }: StreamDefinition): readonly StreamId[] {
  if (node.kind === "input") return []
  return node.kind === "lift" ? node.parents : [node.parent]
}

/** Its parents, and the streams whose slices or versions it is joined with. */
export function usesOf({ node }: StreamDefinition): readonly StreamId[] {
  return usesIn(node)
}

/** Throws RivuletError (code 2). */
export function checkDefinition(definition: StreamDefinition, lookup: (id: StreamId) => GraphStream | undefined): void {
  const { name, intervalMs, node } = definition
  if (definition.id === "" || name === "" || definition.program === "") throw wrong(`a stream needs an id, a name and a program`)
  if (!Number.isSafeInteger(intervalMs) || intervalMs < 1 || intervalMs > longestIntervalMs) {
    throw wrong(`${name}: an interval of ${intervalMs} ms`, "1 ms to 1 day, in whole milliseconds")
  }
  if (definition.rememberMs !== null && !(definition.rememberMs >= 0)) throw wrong(`${name}: remember ${definition.rememberMs} ms`)
  const { checkpointMs = intervalMs } = definition
  if (checkpointMs < intervalMs || checkpointMs % intervalMs !== 0)
    throw wrong(`${name}: checkpoints every ${checkpointMs} ms of intervals of ${intervalMs} ms`, "a multiple of its interval")
  if (typeof definition.from === "number" && !Number.isSafeInteger(definition.from)) throw wrong(`${name}: from ${definition.from}`)
  const watched = watchedIn(node)
  const parents = parentsOf(definition).flatMap(id => {
    const parent = lookup(id)
    if (parent === undefined) throw wrong(`${name} is made of ${id}, which is not there (stopped, or never defined)`, "define it first")
    if (watched.includes(id)) {
      checkWatched(definition, parent.definition)
      return []
    }
    if (isOutput(parent.definition)) {
      throw wrong(`${name}: ${parent.definition.name} is an output, which nothing can be made of`)
    }
    return [parent.definition]
  })
  for (const { stream } of namedIn(node)) {
    if (lookup(stream) === undefined)
      throw wrong(`${name} is joined with ${stream}, which is not there (stopped, or never defined)`, "define it first")
  }
  switch (node.kind) {
    case "input":
      if (node.source.kind === "file" && node.source.paths.length === 0) throw wrong(`${name}: no path given`)
      if (node.source.kind === "archive" && node.timestamp !== null)
        throw wrong(`${name}: an archive's intervals are those that were sealed`, "leave timestamp out; or read the original files")
      if (node.disorderMs < 0) throw wrong(`${name}: a disorder of ${node.disorderMs} ms`)
      return
    case "window":
      return checkWindow(definition, parents[0] as StreamDefinition, node.lengthMs, node.slideMs)
    case "state": {
      const { partitions, op } = node
      if (!Number.isSafeInteger(partitions) || partitions < 1 || partitions > 4096)
        throw wrong(`${name}: ${partitions} partitions`, "1 to 4096")
      if (op.kind === "reduceByWindow") return checkWindow(definition, parents[0] as StreamDefinition, op.lengthMs, op.slideMs)
      if ((op.kind === "track" || op.kind === "reduceByEventTime") && !(op.timeoutMs > 0))
        throw wrong(`${name}: a timeout of ${op.timeoutMs} ms`, "1ms or more: a state is gone in the interval in which it falls due")
      return checkEqual(definition, parents)
    }
    case "archive":
      if (parents[0]?.node.kind !== "input") throw wrong(`${name}: only an input is archived`, "save(directory) writes other streams")
      return checkEqual(definition, parents)
    case "save": {
      const [parent] = parents
      const isSnapshot = parent?.kind === "snapshot" || parent?.kind === "state"
      if (isSnapshot && definition.intervalMs % parent.intervalMs === 0) return
      return checkEqual(definition, parents)
    }
    default:
      return checkEqual(definition, parents)
  }
}

function checkEqual(definition: StreamDefinition, parents: readonly StreamDefinition[]): void {
  for (const parent of parents) {
    if (parent.intervalMs === definition.intervalMs) continue
    throw wrong(
      `${definition.name} has an interval of ${formatDuration(definition.intervalMs)}, ${parent.name} of ${formatDuration(parent.intervalMs)}`,
      `bring them together by ${parent.name}.window(…, "${formatDuration(definition.intervalMs)}")`,
    )
  }
}

/** Of what a stream sets aside its longer intervals are cut in those of who reads that. */
function checkWatched(definition: StreamDefinition, parent: StreamDefinition): void {
  if (parent.intervalMs % definition.intervalMs !== 0) checkEqual(definition, [parent])
}

function checkWindow(definition: StreamDefinition, parent: StreamDefinition, lengthMs: number, slideMs: number): void {
  const step = parent.intervalMs
  const check = (what: string, ms: number) => {
    if (Number.isSafeInteger(ms) && ms > 0 && ms % step === 0) return
    throw wrong(
      `${definition.name}: a ${what} of ${ms} ms is no multiple of ${parent.name}'s interval of ${step} ms`,
      `a multiple of ${formatDuration(step)}`,
    )
  }
  check("window", lengthMs)
  check("slide", slideMs)
  if (definition.intervalMs !== slideMs) {
    throw wrong(`${definition.name}: a window that slides by ${slideMs} ms has that interval, not ${definition.intervalMs} ms`)
  }
}

function wrong(message: string, hint?: string): RivuletError {
  return new RivuletError(message, { code: 2, ...(hint === undefined ? {} : { try: hint }) })
}

function isOutput({ node }: StreamDefinition): boolean {
  return node.kind === "save" || node.kind === "archive" || node.kind === "foreachRDD"
}
