/**
 * What a question of a state costs an executor: `node --import ./scripts/register.mjs scripts/bench/query.ts [keys] [changes an interval] [intervals]`.
 * One partition from text to numbers; after each interval its delta is taken in and the question answered, over columns and as functions by
 * turns. Prints ms of CPU: the first time, when the whole chain is read, and the median and the worst of the intervals after it.
 */

import { encodeRows } from "../../engine/block/block.js"
import { captureFunction } from "../../engine/capture/capture.js"
import { encodeFunction } from "../../engine/capture/codec.js"
import type { FunctionLink } from "../../engine/function-ref.js"
import { random } from "../../engine/random.js"
import type { RddNode, StateAtNode } from "../../engine/rdd.js"
import type { InputPart } from "../../engine/task.js"
import { TaskRunner } from "../../engine/task-runner.js"

const keys = Number(process.argv[2] ?? 250_000)
const changes = Number(process.argv[3] ?? 5_000)
const intervals = Number(process.argv[4] ?? 20)
const next = random("query")
const keyOf = (i: number) => `/blog/page-${i.toString(36)}`
const part = (interval: number, base: boolean, rows: readonly unknown[]): InputPart => {
  const bytes = encodeRows(rows)
  return { offset: 0, length: bytes.length, interval, base, bytes }
}
const first = part(
  0,
  true,
  Array.from({ length: keys }, (_, i) => [keyOf(i), Math.floor(1 / next()), 0, null]),
)
const deltas = Array.from({ length: intervals }, (_, i) =>
  part(
    i + 1,
    false,
    [...new Set(Array.from({ length: changes }, () => Math.floor(keys * next() ** 2)))].map(k => [keyOf(k), Math.floor(1 / next())]),
  ),
)

const refs: ReturnType<typeof captureFunction>[] = []
function fn(f: (...args: never[]) => unknown): FunctionLink {
  const ref = captureFunction(f, { operator: "bench" })
  refs.push(ref)
  return { kind: "function", hash: ref.hash }
}
const many = fn(([, n]: [string, number]) => n > 100)
const ask = (action: Extract<RddNode, { kind: "partial" }>["action"], of: (state: RddNode) => RddNode = state => state) => ({
  read: { kind: "rows" } as const,
  root: (state: StateAtNode): RddNode => ({ kind: "partial", action, parent: of(state) }),
})
const questions: Readonly<Record<string, { readonly read: StateAtNode["read"]; root(state: StateAtNode): RddNode }>> = {
  "top(10)": ask({ kind: "top", n: 10, by: null, order: "desc" }),
  "filter and count": ask({ kind: "count" }, state => ({ kind: "filter", parent: state, f: many })),
  get: { read: { kind: "key", keys: [keyOf(7)] }, root: state => state },
}

console.log(`${keys} keys, ${changes} changes an interval, ms of CPU`)
for (const [name, { read, root }] of Object.entries(questions)) {
  const took: Record<string, number[]> = { columns: [], functions: [] }
  const runners = Object.keys(took).map(way => [way, new TaskRunner(new SharedArrayBuffer(64), { compiled: way === "columns" })] as const)
  for (const [, runner] of runners) for (const ref of refs) runner.addAsset(ref.hash, encodeFunction(ref))
  const answers: string[] = []
  for (let at = 0; at <= intervals; at++) {
    const state: StateAtNode = { kind: "stateAt", stream: "counts", at, intervalMs: 1, partitions: 1, read }
    const stage = {
      output: "q",
      root: root(state),
      partitions: 1,
      write: { kind: "store" },
      interval: null,
      stream: null,
      label: name,
    } as const
    for (const [way, runner] of runners) {
      const start = process.cpuUsage()
      const { outputs } = runner.run({
        stage,
        partition: 0,
        attempt: at,
        inputs: [{ ref: { kind: "state", stream: "counts", partition: 0, at }, parts: [first, ...deltas.slice(0, at)] }],
      })
      const { user, system } = process.cpuUsage(start)
      took[way]!.push((user + system) / 1_000)
      answers.push(Buffer.from(outputs[0]!.bytes).toString("base64"))
    }
    if (answers.at(-1) !== answers.at(-2)) throw new Error(`${name}: the answers differ`)
  }
  for (const [way, [cold, ...times]] of Object.entries(took)) {
    times.sort((a, b) => a - b)
    const [median, worst] = [times[times.length >> 1]!, times.at(-1)!]
    console.log(`${name.padEnd(17)} ${way.padEnd(10)} first ${cold!.toFixed(1)}, then ${median.toFixed(2)}, worst ${worst.toFixed(2)}`)
  }
}
