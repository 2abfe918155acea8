/**
 * Thousands of random programs over random records, each on whole simulated clusters and beside plain arrays (test/kit/random). The tests hold
 * the same properties against a few that are always the same.
 *
 *   npm run programs -- --programs 2000               of each property; exit 1 at the first that fails, made small, with the command that has it again
 *   npm run programs -- --seconds 280                 as many as go into the time
 *   npm run programs -- --only clusters --seed 7      one property; the same seed, the same programs
 */

import { parseArgs } from "node:util"
import { fromFiles } from "../test/kit/random/from-files.js"
import { onClusters } from "../test/kit/random/on-clusters.js"
import { pushed } from "../test/kit/random/pushed.js"
import { replayed } from "../test/kit/random/replayed.js"

/** With their share of the time: what one program of it costs is not the same. */
const properties = [onClusters, pushed, fromFiles, replayed]
/** So many of a property by turns, each time from the next seed. */
const batch = 20

const { values: options } = parseArgs({
  options: {
    programs: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string" },
    seed: { type: "string" },
    path: { type: "string" },
  },
})

function whole(name: "programs" | "seconds" | "seed", otherwise: number): number {
  const n = Number(options[name] ?? otherwise)
  if (Number.isSafeInteger(n) && n >= 0) return n
  console.error(`--${name} ${options[name]} is not a whole number from 0`)
  process.exit(2)
}

const chosen = properties.filter(({ name }) => options.only === undefined || options.only === name)
if (chosen.length === 0) {
  console.error(`there is no property ${options.only}: ${properties.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}
const untilMs = performance.now() + 1000 * whole("seconds", 1e9)
const programs = options.seconds === undefined ? whole("programs", 100) : Number.MAX_SAFE_INTEGER
const seed = whole("seed", Math.floor(Math.random() * 1e9))

const counts = new Map<string, number>(chosen.map(({ name }) => [name, 0]))
const said = () => [...counts].map(([name, n]) => `${name} ${n}`).join(", ")
console.log(`from seed ${seed}`)
let failed = false
for (let from = seed, saidMs = performance.now(); !failed && Math.max(...counts.values()) < programs; from++) {
  for (const { name, tried } of chosen) {
    const ms = untilMs - performance.now()
    if (ms <= 0 || failed) break
    const count = options.path === undefined ? Math.min(batch, programs - counts.get(name)!) : 1
    const found = await tried({ count, seed: from, ...(options.path !== undefined && { path: options.path }), ...(ms < 1e8 && { ms }) })
    counts.set(name, counts.get(name)! + found.tried)
    if (found.failure === null) continue
    console.log(`${name} fails:\n${found.failure}`)
    failed = true
  }
  if (options.path !== undefined || performance.now() >= untilMs) break
  if (performance.now() - saidMs < 10_000) continue
  saidMs = performance.now()
  console.log(said())
}
if (!failed) console.log(`${said()}: all as plain arrays say, and the same bytes again`)
process.exit(failed ? 1 : 0)
