/**
 * `npm run bench:shell -- [attach] [start] [echo] [get] [tab] [ctrl-c] [idle] [memory] [peers] [--cells 1000] [--log access.log] [--dist dist]
 * [--json]`: the shell as a person feels it, all parts or the chosen ones, against a cluster of this machine that holds a log sent over some
 * seconds, with 2,000 lines more coming each second. What each part measures: `parts.ts`. A table with the goals, and a line of JSON
 * (`--json`: that alone).
 *
 * The shell is the built one, in a process of its own; pipes stand in for its terminal.
 */
import { existsSync } from "node:fs"
import { cpus } from "node:os"
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { startEmbedded } from "../../../cluster/embedded.js"
import { goals, type Measured, parts } from "./parts.js"
import { startTraffic } from "./traffic.js"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    log: { type: "string" },
    dist: { type: "string", default: "dist" },
    attaches: { type: "string", default: "5" },
    keys: { type: "string", default: "500" },
    gets: { type: "string", default: "50" },
    cells: { type: "string", default: "1000" },
    idle: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
})
const fail = (what: string, advice: string): never => {
  process.stderr.write(`bench: ${what}\ntry: ${advice}\n`)
  process.exit(2)
}
const unknown = positionals.find(name => !(name in parts))
if (unknown !== undefined) fail(`no part is called ${unknown}`, Object.keys(parts).join(" "))
const main = resolve(values.dist, "shell/cli/main.js")
if (!existsSync(main)) fail(`no built shell at ${main}`, "npm run build")
const chosen = positionals.length > 0 ? positionals : Object.keys(parts)
const number = (name: "attaches" | "keys" | "gets" | "cells" | "idle") => {
  const count = Number(values[name])
  return Number.isInteger(count) && count > 0 ? count : fail(`--${name} ${values[name]} is no positive number`, `--${name} 100`)
}
const counts = { attaches: number("attaches"), keys: number("keys"), gets: number("gets"), cells: number("cells"), idle: number("idle") }

const measured: Measured = {}
const cluster = chosen.some(name => parts[name]!.needsCluster) ? await startEmbedded({ workers: 2, cores: 1 }) : undefined
try {
  const traffic = cluster && (await startTraffic(cluster.address, values.log))
  for (const name of chosen) {
    const part = parts[name]!
    const startedMs = performance.now()
    try {
      Object.assign(measured, await part.run({ main, address: cluster?.address ?? "", counts }))
    } catch (error) {
      // What has been measured is printed all the same.
      process.stderr.write(`${name}: ${(error as Error).message}\n`)
      process.exitCode = 1
      continue
    }
    process.stderr.write(`${name}: ${part.measures} (${((performance.now() - startedMs) / 1000).toFixed(0)} s)\n`)
  }
  await traffic?.stop()
} finally {
  await cluster?.stop()
}
const [{ model = "" } = {}] = cpus()
if (!values.json)
  console.table(
    Object.fromEntries(
      Object.entries(measured).map(([name, value]) => {
        const goal = goals[name]
        return [
          name,
          { measured: Number(value.toFixed(1)), "at most": goal ?? "", holds: goal === undefined ? "" : value <= goal ? "yes" : "NO" },
        ]
      }),
    ),
  )
console.log(JSON.stringify({ node: process.version, cores: cpus().length, model: model.trim(), parts: chosen, measured }))
process.exit()
