/** What tests of kernels share: a chain of functions over lines that ends in a reduction by key, run compiled or as functions. */

import { encodeRows } from "../../../engine/block/block.js"
import { sum } from "../../../engine/builtins.js"
import { captureFunction } from "../../../engine/capture/capture.js"
import { encodeFunction } from "../../../engine/capture/codec.js"
import type { FunctionLink, FunctionRef } from "../../../engine/function-ref.js"
import { Kernels } from "../../../engine/kernel/map-side.js"
import type { FormatSpec, RddNode } from "../../../engine/rdd.js"
import type { StageSpec } from "../../../engine/task.js"
import { TaskRunner } from "../../../engine/task-runner.js"

export type F = (...args: never[]) => unknown
export type Step = readonly ["map" | "flatMap" | "filter" | "mapValues" | "keyBy", F]

export const refs = new Map<string, FunctionRef>()

export function link(f: F): FunctionLink {
  if (f === (sum as F)) return { kind: "builtin", name: "sum" }
  const ref = captureFunction(f, { operator: "test" })
  refs.set(ref.hash, ref)
  return { kind: "function", hash: ref.hash }
}

const kernels = new Kernels(one => (one.kind === "builtin" ? null : refs.get(one.hash)!))

export interface Program {
  readonly name: string
  readonly steps: readonly Step[]
  readonly merge?: F
  /** Text, without it. */
  readonly format?: FormatSpec
  /** Its records are counted, not reduced. */
  readonly counted?: true
}

export function outputs(program: Program, rows: readonly unknown[][], partitions: number, compile: boolean) {
  const parts: { offset: number; length: number }[][] = []
  const blocks = rows.map(group => encodeRows(group))
  const memory = new SharedArrayBuffer(blocks.reduce((n, block) => n + block.length + 64, 64))
  let at = 0
  for (const block of blocks) {
    new Uint8Array(memory).set(block, at)
    parts.push([{ offset: at, length: block.length }])
    at += block.length
  }
  let root: RddNode = {
    kind: "input",
    stream: "lines",
    interval: 0,
    groups: [rows.map((group, i) => ({ block: `b${i}`, rows: group.length, bytes: 1 }))],
    format: program.format ?? { kind: "text" },
  }
  for (const [kind, f] of program.steps) root = { kind, parent: root, f: link(f) }
  const merge = link(program.merge ?? ((a: number, b: number) => a + b))
  const runner = new TaskRunner(memory, { compiled: compile })
  for (const ref of refs.values()) runner.addAsset(ref.hash, encodeFunction(ref))
  const aggregate = { kind: "combine", create: { kind: "builtin", name: "identity" }, merge, combine: merge, mapSide: true } as const
  const counted: RddNode = { kind: "partial", action: { kind: "count" }, parent: root }
  const stage: StageSpec = {
    output: "out",
    root: { kind: "within", stream: "lines", interval: { from: 0, to: 1000 }, parent: program.counted ? counted : root },
    partitions: 1,
    write: program.counted ? { kind: "store" } : { kind: "shuffle", partitions, by: "key", aggregate },
    interval: null,
    stream: "lines",
    label: program.name,
  }
  const inputs = parts.map((part, i) => ({ ref: { kind: "block", block: `b${i}` } as const, parts: part }))
  // Twice: what a task leaves in its runner must not show.
  runner.run({ stage, partition: 0, attempt: 0, inputs })
  const { folds: _, ...result } = runner.run({ stage, partition: 0, attempt: 1, inputs })
  return result
}

export function planOf({ steps, merge, format }: Program) {
  return kernels.plan(
    format ?? { kind: "text" },
    steps.map(([kind, f]) => ({ kind, f: link(f) })),
    { kind: "builtin", name: "identity" },
    link(merge ?? ((a: number, b: number) => a + b)),
  )
}
