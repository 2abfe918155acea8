/**
 * Sweeps seeds through the simulation: each is a whole cluster, a random program, random faults, and a comparison of every interval
 * with plain arrays. Every eighth is a replay of old logs.
 *
 *   npm run simulate -- --seeds 10000 --from 1     two processes; exit 1 at the first seed that fails, with the command that replays it
 *   npm run simulate -- --seeds 1 --from 7 --trace  one seed, every event as a line
 *
 *   npm run simulate -- --mutations                        the rules that can be broken on purpose, a line each, the name first
 *   npm run simulate -- --mutate dedupe --seeds 1000       breaks one: exit 1 and the seed that found it; 0 if none did
 *   npm run simulate -- --mutations --each --seeds 1000    each of them; exit 1 if one is not found
 *
 * Every tenth seed is run twice (`--twice`: all of them), and must not differ.
 */

import { type ChildProcess, fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { Shared } from "../cluster/testing/check/checked-run.js"
import { FunctionLinks } from "../cluster/testing/check/links.js"
import { mutations } from "../cluster/testing/check/mutations.js"
import { isReplay, type Outcome, planOf, runScenario } from "../cluster/testing/check/scenario.js"
import { MemoryPool } from "../cluster/testing/memory.js"
import { Trace } from "../cluster/testing/trace.js"

const progressMs = 2_000

const { values: options } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string" },
    trace: { type: "boolean", default: false },
    twice: { type: "boolean", default: false },
    mutations: { type: "boolean", default: false },
    each: { type: "boolean", default: false },
    mutate: { type: "string" },
    // Of a child: its share is every `stride`th seed.
    stride: { type: "string" },
  },
})

function whole(text: string, name: string, least: number): number {
  const n = Number(text)
  if (Number.isSafeInteger(n) && n >= least) return n
  console.error(`--${name} ${text} is not a whole number from ${least}`)
  process.exit(2)
}

const seeds = whole(options.seeds, "seeds", 1)
function play(seed: number, shared: Shared): Outcome {
  const outcome = runScenario(seed, shared)
  if (outcome.failure !== null || !(options.twice || seed % 10 === 0)) return outcome
  const again = runScenario(seed, shared)
  if (again.hash === outcome.hash) return outcome
  return { ...outcome, failure: `two runs differ: ${outcome.hash} and ${again.hash}` }
}

function replayCommand(seed: number): string {
  return `npm run simulate -- --seeds 1 --from ${seed} --trace`
}

const mutation = options.mutate === undefined ? undefined : mutations.find(({ name }) => name === options.mutate)
if (options.mutate !== undefined && mutation === undefined) {
  console.error(`there is no rule ${options.mutate} to break: --mutations lists them`)
  process.exit(2)
}
const from = whole(options.from ?? String(mutation?.from ?? 1), "from", 0)

if (options.mutations && options.each) await sweepMutations()
else if (options.mutations) {
  const width = Math.max(...mutations.map(({ name }) => name.length))
  for (const { name, rule } of mutations) console.log(`${name.padEnd(width)}  ${rule}`)
} else if (options.stride !== undefined) {
  const stride = whole(options.stride, "stride", 1)
  mutation?.plant()
  const shared = { links: new FunctionLinks(), memories: new MemoryPool() }
  for (let seed = from; seed < from + seeds; seed += stride) {
    // The rules are about what clients send.
    if (mutation !== undefined && (isReplay(seed) || mutation.shows?.(planOf(seed)) === false)) continue
    const outcome = mutation === undefined ? play(seed, shared) : runScenario(seed, shared)
    await new Promise(sent => process.send!(outcome, sent))
  }
  process.disconnect()
} else if (options.trace || (seeds === 1 && mutation === undefined)) {
  mutation?.plant()
  const shared = { links: new FunctionLinks(), memories: new MemoryPool() }
  for (let seed = from; seed < from + seeds; seed++) {
    const outcome = runScenario(seed, shared, new Trace(options.trace ? { print: line => console.log(line) } : {}))
    const again = outcome.failure === null ? runScenario(seed, shared) : outcome
    const failure =
      outcome.failure ?? again.failure ?? (again.hash === outcome.hash ? null : `two runs differ: ${outcome.hash} and ${again.hash}`)
    console.log(`seed ${seed}: ${outcome.intervals} intervals, ${outcome.records} records, ${outcome.faults} faults, trace ${outcome.hash}`)
    if (failure !== null) {
      console.log(`seed ${seed} failed: ${failure}`)
      if (!options.trace) console.log(`\n  ${replayCommand(seed)}\n`)
      process.exitCode = 1
      break
    }
  }
} else await sweep()

async function sweep(): Promise<void> {
  const lanes = Math.min(2, availableParallelism(), seeds)
  const startedMs = performance.now()
  const total = { seeds: 0, intervals: 0, records: 0, faults: 0, simulatedMs: 0 }
  const children: ChildProcess[] = []
  let failed: Outcome | null = null
  let broken: string | null = null
  let saidMs = startedMs

  const rate = () => (total.seeds / ((performance.now() - startedMs) / 1000)).toFixed(1)
  const stop = () => {
    for (const child of children) child.kill("SIGKILL")
  }
  const lane = (index: number) =>
    new Promise<void>(ended => {
      const args = [
        ...["--seeds", String(seeds - index), "--from", String(from + index), "--stride", String(lanes)],
        ...(options.twice ? ["--twice"] : []),
        ...(mutation === undefined ? [] : ["--mutate", mutation.name]),
      ]
      const child = fork(fileURLToPath(import.meta.url), args, { stdio: ["ignore", "inherit", "inherit", "ipc"] })
      children.push(child)
      let next = from + index
      child.on("message", message => {
        const outcome = message as Outcome
        next = outcome.seed + lanes
        if (failed !== null || broken !== null) return
        if (outcome.failure !== null) {
          failed = outcome
          stop()
          return
        }
        total.seeds += 1
        for (const count of ["intervals", "records", "faults", "simulatedMs"] as const) total[count] += outcome[count]
        if (performance.now() - saidMs < progressMs) return
        saidMs = performance.now()
        console.log(`${total.seeds} of ${seeds} seeds, ${rate()} seeds/s`)
      })
      child.on("exit", (code, signal) => {
        if (code !== 0 && failed === null && broken === null) {
          broken = `the process of seed ${next} ended with ${signal ?? code}`
          failed = { seed: next, failure: broken, hash: "", simulatedMs: 0, intervals: 0, records: 0, faults: 0 }
          stop()
        }
        ended()
      })
    })
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)))

  const failure = failed as Outcome | null
  if (failure !== null && mutation !== undefined) {
    console.log(`${mutation.name} is found by seed ${failure.seed}: ${failure.failure?.split("\n", 1)[0]}`)
    process.exitCode = 1
    return
  }
  if (failure !== null) {
    console.log(`seed ${failure.seed} failed: ${failure.failure}\n\n  ${replayCommand(failure.seed)}\n`)
    process.exitCode = 1
    return
  }
  if (mutation !== undefined) return console.log(`${mutation.name} is not found by ${seeds} seeds; it breaks: ${mutation.rule}`)
  console.log(
    `${total.seeds} seeds, ${total.intervals} intervals compared, ${total.records} records, ${total.faults} faults, ` +
      `${Math.round(total.simulatedMs / 1000)} simulated s, ${rate()} seeds/s: all as plain arrays say`,
  )
}

/** Each planted fault in processes of its own. Exit 1 if one is not found. */
async function sweepMutations(): Promise<void> {
  for (const { name } of mutations) {
    const args = ["--mutate", name, "--seeds", String(seeds), ...(options.from === undefined ? [] : ["--from", options.from])]
    const child = fork(fileURLToPath(import.meta.url), args, { stdio: "inherit" })
    const found = await new Promise(ended => child.once("exit", code => ended(code === 1)))
    if (!found) process.exitCode = 1
  }
}
