/**
 * What a map task costs a line: word count with a map-side combiner, and grep, over 100-byte lines of about 15 words. Prints
 * the median of several runs in µs of CPU a line; the first runs warm the compiler up.
 */

import { Block, encodeRows } from "../../engine/block/block.js"
import { captureFunction } from "../../engine/capture/capture.js"
import { encodeFunction } from "../../engine/capture/codec.js"
import type { FunctionLink } from "../../engine/function-ref.js"
import { random } from "../../engine/random.js"
import type { RddNode } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import { TaskRunner } from "../../engine/task-runner.js"

const lines = Number(process.argv[2] ?? 100_000)
const runs = Number(process.argv[3] ?? 9)

const next = random("words")
const vocabulary = Array.from({ length: 50_000 }, (_, i) => `${"lorem".slice(0, 2 + (i % 4))}${i.toString(36)}`)
/** Zipf-like: the i-th word about 1/i as often as the first. */
const word = () => vocabulary[Math.min(vocabulary.length - 1, Math.floor(vocabulary.length ** next()) - 1)]!
const text = Array.from({ length: lines }, () => {
  let line = word()
  while (line.length < 100) line += ` ${word()}`
  return line.slice(0, 100)
})

const bytes = encodeRows(text)
const memory = new SharedArrayBuffer(bytes.length + 64)
new Uint8Array(memory).set(bytes)
const runner = new TaskRunner(memory)

function fn(f: (...args: never[]) => unknown): FunctionLink {
  const ref = captureFunction(f, { operator: "bench" })
  runner.addAsset(ref.hash, encodeFunction(ref))
  return { kind: "function", hash: ref.hash }
}

const input: RddNode = {
  kind: "input",
  stream: "lines",
  interval: 0,
  groups: [[{ block: "b", rows: lines, bytes: bytes.length }]],
  format: { kind: "text" },
}
const add = fn((a: number, b: number) => a + b)
const words: RddNode = {
  kind: "map",
  parent: { kind: "flatMap", parent: input, f: fn((line: string) => line.split(" ")) },
  f: fn((w: string) => [w, 1]),
}
const combine = { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: add, combine: add, mapSide: true } as const
/** What a person would write for one machine: the rival. */
function byHand(): number {
  const slots = new Map<string, number>()
  const counts: number[] = []
  for (const line of text) {
    for (const w of line.split(" ")) {
      const slot = slots.get(w)
      if (slot === undefined) slots.set(w, counts.push(1) - 1)
      else counts[slot]!++
    }
  }
  return counts.length
}

const stages: Record<string, Pick<StageSpec, "root" | "write">> = {
  "word count": { root: words, write: { kind: "shuffle", partitions: 8, by: "key", aggregate: combine } },
  grep: { root: { kind: "filter", parent: input, f: fn((line: string) => line.includes("needle")) }, write: { kind: "store" } },
  "by hand": { root: input, write: { kind: "store" } },
  "read only": { root: input, write: { kind: "store" } },
}

console.log(`${lines} lines of ${(text.reduce((n, line) => n + line.split(" ").length, 0) / lines).toFixed(1)} words`)
for (const [name, { root, write }] of Object.entries(stages)) {
  const stage: StageSpec = { output: name, root, partitions: 1, write, interval: { from: 0, to: 1000 }, stream: "lines", label: name }
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const start = process.cpuUsage()
    if (name === "by hand") byHand()
    else if (name === "read only") Block.open(memory, 0, bytes.length).forEach(() => {})
    else
      runner.run({
        stage,
        partition: 0,
        attempt: run,
        inputs: [{ ref: { kind: "block", block: "b" }, parts: [{ offset: 0, length: bytes.length }] }],
      })
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / lines)
  }
  times.sort((a, b) => a - b)
  console.log(`${name.padEnd(12)} ${times[runs >> 1]!.toFixed(3)} µs a line (best ${times[0]!.toFixed(3)})`)
}
