/** Splits of files, cut into intervals by times that compiled code reads, are those that the functions give. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { encodeFunction } from "../../../engine/capture/codec.js"
import { Kernels } from "../../../engine/kernel/map-side.js"
import type { FileSplit, FormatSpec } from "../../../engine/rdd.js"
import { TaskRunner } from "../../../engine/task-runner.js"
import { lines } from "./hostile-lines.js"
import { type F, link, refs } from "./programs.js"

const field = "time"
// biome-ignore lint/suspicious/noExplicitAny: a value of JSON is whatever the line says
type Json = any
const streams: readonly { readonly format: FormatSpec; readonly timestamp: F }[] = [
  { format: { kind: "combined" }, timestamp: (v: { time: Date }) => v.time },
  { format: { kind: "combined" }, timestamp: (v: Record<string, unknown>) => v[field] },
  { format: { kind: "combined" }, timestamp: (v: { time: Date; status: number }) => (v.status < 500 ? v.time.getTime() / 3 : 8.64e15) },
  { format: { kind: "json" }, timestamp: (v: Json) => v.n },
  { format: { kind: "csv" }, timestamp: (v: Record<string, string>) => Number(v._2) * 1e9 },
  { format: { kind: "text" }, timestamp: (l: string) => l.length * 1000 },
]

function read({ format, timestamp }: (typeof streams)[number], text: string, compiled: boolean) {
  const bytes = new Uint8Array(Buffer.from(text, "utf8"))
  const split: FileSplit = { path: "x.log", from: 0, to: bytes.length, sizeBytes: bytes.length, modifiedMs: 0 }
  const runner = new TaskRunner(new SharedArrayBuffer(64), { compiled })
  const write = { kind: "read", split, format, timestamp: link(timestamp), intervalMs: 60_000 } as const
  for (const ref of refs.values()) runner.addAsset(ref.hash, encodeFunction(ref))
  const stage = { output: "r", root: { kind: "empty" }, partitions: 1, write, interval: null, stream: "s", label: "read" } as const
  try {
    return runner.run({
      stage,
      partition: 0,
      attempt: 0,
      inputs: [{ ref: { kind: "file", split }, parts: [{ offset: 0, length: bytes.length, bytes }] }],
    })
  } catch (error) {
    return String(error)
  }
}

test("by the line's own bytes, or by the functions", () => {
  const kernels = new Kernels(one => (one.kind === "builtin" ? null : refs.get(one.hash)!))
  for (const stream of streams) {
    assert.ok(kernels.times(stream.format, link(stream.timestamp)), `${stream.timestamp}`)
    const line = lines[stream.format.kind]!.filter(text => !text.includes("\n"))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.constantFrom("\n", "\r\n"), (all, end) => {
        const text = all.map(one => one + end).join("")
        assert.equal(read(stream, text, true), read(stream, text, false))
      }),
      { numRuns: 60 },
    )
  }
})

test("of files longer than what a kernel's memory holds, and of lines that are", () => {
  const many = fc.sample(lines.combined!, { seed: 3, numRuns: 900 }).filter(text => !text.includes("\n"))
  many.splice(400, 0, `${many[0]}${"x".repeat(70_000)}`)
  const text = many.map(one => `${one}\n`).join("")
  const bytesOf = (_: string, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value)
  for (const stream of streams.filter(({ format }) => format.kind === "combined")) {
    const [fast, slow] = [true, false].map(compiled => JSON.stringify(read(stream, text, compiled), bytesOf))
    assert.ok(fast === slow, `${stream.timestamp}`)
  }
})

test.run()
