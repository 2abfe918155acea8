/**
 * What a running stream's functions set aside in an interval: its stages computed once more, with the records at which a function throws as
 * their result (docs/decisions/0028). Nothing is kept for it, so there is nothing that a death could take or bring twice.
 */

import { aggregatesEarly } from "../aggregate.js"
import type { StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import { stageDependencies, stageOf } from "../plan.js"
import type { OutputId, RddNode } from "../rdd.js"
import { nothing, simplify } from "../simplify.js"
import type { StageSpec } from "../task.js"
import type { Interval } from "../time.js"
import { knot } from "./knot.js"
import { panesMade } from "./panes.js"
import { targetOf } from "./target.js"
import { versionIn } from "./versions.js"

/** `Aside` records. Of a stream with longer intervals they are with the last of the reader's that lies within. */
function threwIn(graph: StreamGraph, stream: StreamId, { to }: Interval): RddNode {
  const { intervalMs } = graph.definition(stream).definition
  const interval = to - intervalMs
  if (interval % intervalMs !== 0 || !isLenient(graph, stream, interval)) return nothing
  const target = targetOf(graph, stream, interval)
  if (target === null) return nothing
  return simplify({ kind: "union", parents: stagesOf(graph, stream, interval, target).map(again) })
}

knot.threwIn = threwIn

/** Whether records at which a function throws are left out of the interval, always or by its owner's wish. */
function isLenient(graph: StreamGraph, stream: StreamId, interval: number): boolean {
  const { node } = versionIn(graph, stream, interval).definition
  const always = (node.kind === "state" || node.kind === "save") && node.onError === "setAside"
  return always || graph.leftOut?.(stream, interval) === "record"
}

/** The stages that run for this interval first, parents before children: of what is stored, the panes that come with it. */
function stagesOf(graph: StreamGraph, stream: StreamId, interval: number, target: StageSpec): StageSpec[] {
  const panes = new Set(panesMade(graph, stream, interval).map(({ output }) => output))
  const found = new Map<OutputId, StageSpec>()
  const visit = (stage: StageSpec): void => {
    if (found.has(stage.output)) return
    for (const dependency of stageDependencies(stage.root))
      if (dependency.kind === "shuffle" || panes.has(dependency.output)) visit(stageOf(dependency))
    found.set(stage.output, stage)
  }
  visit(target)
  return [...found.values()]
}

/** Functions get what the stage's own tasks give them. */
function again({ root, write, stream, seed, interval }: StageSpec): RddNode {
  const early = write.kind === "shuffle" && aggregatesEarly(write.aggregate) ? { aggregate: write.aggregate } : {}
  const parent: RddNode = { kind: "aside", parent: root, threw: true, ...early }
  if (interval === null) return parent
  const onError = root.kind === "within" || root.kind === "state" ? root.onError : undefined
  return { kind: "within", stream, ...(seed !== undefined && { seed }), interval, parent, ...(onError && { onError }) }
}
