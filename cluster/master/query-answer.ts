/** What a question is answered with: the places of its result's blocks, and the stamp that says what they come from. */

import type { ExpandedQuery } from "../../engine/dstream/query.js"
import type { RddNode } from "../../engine/rdd.js"
import type { StageSpec, TaskFailure } from "../../engine/task.js"
import { walk } from "../../engine/tree.js"
import { nodeName } from "../node-id.js"
import type { AnswerStamp, QueryAnswer, Request, Response, TaskDone } from "../protocol.js"
import type { JobCost } from "../scheduler/board.js"
import type { Task } from "../scheduler/stage.js"
import { archivedSource } from "./archive-seals.js"
import type { Parts, Times } from "./parts.js"

/** Where the sealed records lie that a question reads. */
export interface Sources {
  readonly memory: boolean
  readonly archive: boolean
}

/** A question whose stage is known. */
export interface Begun {
  readonly request: Pick<Extract<Request, { kind: "query" }>, "save">
  readonly spec: StageSpec
  readonly intervals: { readonly from: number; readonly to: number } | null
  readonly from: Sources
  readonly about: Pick<ExpandedQuery, "changed" | "leftOut" | "namesStream" | "unread" | "held">
  /** Of `save`: the files by partition. */
  readonly wrote: ReadonlyMap<number, NonNullable<TaskDone["wrote"]>>
  /** Blocks of the result that came with the news of their tasks. */
  readonly inline: ReadonlyMap<string, Uint8Array>
}

export type MissingParts = NonNullable<QueryAnswer["missing"]>

/** `missing`: partitions that are not to be waited for. */
export function answerOf(
  { tracker, registry }: Pick<Parts, "tracker" | "registry">,
  query: Begun,
  { movedBytes, recomputed, diskBytes }: Readonly<JobCost>,
  missing: MissingParts,
): QueryAnswer {
  const { spec, intervals, inline: came, about } = query
  const parts: QueryAnswer["parts"][number][] = []
  const wrote = [...query.wrote].sort(([a], [b]) => a - b).map(([, file]) => file)
  let rows = wrote.reduce((sum, file) => sum + file.rows, 0)
  for (const part of tracker.parts(spec.output)) {
    if (part === undefined || part.block === null) continue
    const [holder] = tracker.holders(part.block)
    if (holder === undefined) continue
    rows += part.rows
    const inline = came.get(part.block)
    const address = registry.get(holder)?.address ?? ""
    parts.push({ block: part.block, holder, address, rows: part.rows, bytes: part.bytes, ...(inline && { inline }) })
  }
  const nothing = about.unread?.first ?? 0
  return {
    parts,
    rows,
    stamp: {
      intervals: intervals ?? { from: nothing, to: nothing },
      asOf: intervals?.to ?? 0,
      partitions: [spec.partitions - missing.length, spec.partitions],
      recomputed,
      from: intervals !== null ? placesIn(query.from, diskBytes > 0) : about.namesStream ? [] : ["files"],
      bytesMoved: movedBytes,
      ...(about.changed.length > 0 && { definitionChanged: about.changed }),
      ...(about.leftOut.length > 0 && { leftOut: about.leftOut }),
      ...(about.held.length > 0 && { held: about.held }),
      ...(intervals === null && about.unread !== null && { asked: about.unread.asked }),
    },
    ...(missing.length > 0 && { missing }),
    ...(query.request.save !== undefined && { files: wrote.map(file => file.path) }),
  }
}

/** Partitions of the result that are not there, and what each waits for. */
export function missingParts(spec: StageSpec, { tracker, scheduler }: Pick<Parts, "tracker" | "scheduler">, times: Times): MissingParts {
  const missing: MissingParts[number][] = []
  for (let partition = 0; partition < spec.partitions; partition++) {
    if (tracker.part(spec.output, partition) !== undefined) continue
    missing.push({ partition, why: whyMissing(scheduler.stage(spec.output)?.tasks.get(partition), times.monotonicMs) })
  }
  return missing
}

function whyMissing(task: Task | undefined, nowMs: number): string {
  if (task === undefined || task.state === "dropped") return "is not wanted"
  const attempt = task.first
  if (attempt !== null) return `runs on ${nodeName(attempt.worker)} for ${Math.round(nowMs - attempt.startedMs)} ms`
  return task.state === "ready" ? "waits for a free executor" : "waits for its input"
}

export function failureResponse(failure: TaskFailure): Response {
  const ownFault = failure.kind === "user" || failure.kind === "timeout"
  return { ok: false, message: failure.message, code: ownFault ? 1 : 5, ...(failure.try !== undefined && { try: failure.try }), failure }
}

/** Everything but an archive's files is in memory, unless a task finds it on disk. */
export function placesOf(rdd: RddNode): Sources {
  let memory = false
  let archive = false
  walk(rdd, node => {
    if (node.kind === "stateAt" || node.kind === "stored") memory = true
    if (node.kind !== "input") return
    for (const group of node.groups) {
      for (const { block } of group) {
        if (archivedSource(block) === null) memory = true
        else archive = true
      }
    }
  })
  return { memory: memory || !archive, archive }
}

function placesIn({ memory, archive }: Sources, disk: boolean): AnswerStamp["from"] {
  return [...(memory ? (["memory"] as const) : []), ...(disk ? (["disk"] as const) : []), ...(archive ? (["archive"] as const) : [])]
}
