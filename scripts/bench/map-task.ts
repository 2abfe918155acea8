/**
 * What a map task costs a line: word count with a map-side combiner, and grep, over 100-byte lines of about 15 words; counts over
 * lines of an access log. Compiled and as functions, by turns. Prints
 * the median of several runs in µs of CPU a line; the first runs warm the compiler up.
 */

import { Block, encodeRows } from "../../engine/block/block.js"
import { captureFunction } from "../../engine/capture/capture.js"
import { encodeFunction } from "../../engine/capture/codec.js"
import type { AccessLog } from "../../engine/fluent/values.js"
import type { FunctionLink } from "../../engine/function-ref.js"
import { random } from "../../engine/random.js"
import type { RddNode } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import { TaskRunner } from "../../engine/task-runner.js"
import { logLines } from "./log-lines.js"

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

const logs = logLines(lines)

const [bytes, logBytes] = [encodeRows(text), encodeRows(logs)]
const logAt = Math.ceil(bytes.length / 64) * 64
const memory = new SharedArrayBuffer(logAt + logBytes.length + 64)
new Uint8Array(memory).set(bytes)
new Uint8Array(memory).set(logBytes, logAt)
const runners = { compiled: new TaskRunner(memory), functions: new TaskRunner(memory, { compiled: false }) }

function fn(f: (...args: never[]) => unknown): FunctionLink {
  const ref = captureFunction(f, { operator: "bench" })
  for (const runner of Object.values(runners)) runner.addAsset(ref.hash, encodeFunction(ref))
  return { kind: "function", hash: ref.hash }
}

const input: RddNode = {
  kind: "input",
  stream: "lines",
  interval: 0,
  groups: [[{ block: "b", rows: lines, bytes: bytes.length }]],
  format: { kind: "text" },
}
const log: RddNode = {
  kind: "input",
  stream: "log",
  interval: 0,
  groups: [[{ block: "log", rows: lines, bytes: logBytes.length }]],
  format: { kind: "combined" },
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

const byKey = { kind: "shuffle", partitions: 8, by: "key", aggregate: combine } as const
const stages: Record<string, Pick<StageSpec, "root" | "write">> = {
  "word count": { root: words, write: byKey },
  grep: {
    root: {
      kind: "map",
      parent: { kind: "filter", parent: input, f: fn((line: string) => line.includes("needle")) },
      f: fn(() => ["matches", 1]),
    },
    write: byKey,
  },
  "by url and status": { root: { kind: "map", parent: log, f: fn((v: AccessLog) => [[v.url, v.status], 1]) }, write: byKey },
  "… as one text": { root: { kind: "map", parent: log, f: fn((v: AccessLog) => [`${v.url} ${v.status}`, 1]) }, write: byKey },
  "errors by minute": {
    root: {
      kind: "map",
      parent: { kind: "filter", parent: log, f: fn((v: AccessLog) => v.status >= 400) },
      f: fn((v: AccessLog) => [Math.floor(v.time.getTime() / 60_000), 1]),
    },
    write: byKey,
  },
  "any closure": {
    root: { kind: "map", parent: log, f: fn((v: AccessLog) => [v.url.split("/").reverse().join("/"), v.bytes]) },
    write: byKey,
  },
}

console.log(`${lines} lines of ${(text.reduce((n, line) => n + line.split(" ").length, 0) / lines).toFixed(1)} words`)
const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!
for (const [name, { root, write }] of Object.entries(stages)) {
  const stage: StageSpec = { output: name, root, partitions: 1, write, interval: { from: 0, to: 1000 }, stream: "lines", label: name }
  const times: Record<keyof typeof runners, number[]> = { compiled: [], functions: [] }
  for (let run = 0; run < runs; run++) {
    for (const [way, runner] of Object.entries(runners) as [keyof typeof runners, TaskRunner][]) {
      times[way].push(
        spent(() => {
          runner.run({
            stage,
            partition: 0,
            attempt: run,
            inputs: [
              { ref: { kind: "block", block: "b" }, parts: [{ offset: 0, length: bytes.length }] },
              { ref: { kind: "block", block: "log" }, parts: [{ offset: logAt, length: logBytes.length }] },
            ],
          })
        }),
      )
    }
  }
  const [fast, slow] = [median(times.compiled), median(times.functions)]
  console.log(`${name.padEnd(18)} ${fast.toFixed(3)} compiled, ${slow.toFixed(3)} as functions (${(slow / fast).toFixed(1)} times)`)
}
for (const [name, work] of Object.entries({ "by hand": byHand, "read only": () => Block.open(memory, 0, bytes.length).forEach(() => {}) }))
  console.log(`${name.padEnd(18)} ${median(Array.from({ length: runs }, () => spent(work))).toFixed(3)}`)

/** µs of CPU a line. */
function spent(work: () => unknown): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / lines
}
