/**
 * The notebooks on every cluster: each page with 1 to 4 workers, several seeds, and deaths at several times, by the built binary. An output
 * that differs ends in 1, with the command that shows it. What a death that came after its page had ended did not test is counted.
 *
 *   npm run build && npm run matrix                      seeds 1 to 3, all workers, all deaths
 *   npm run matrix -- --seeds 5 --from 40 --workers 2,3  these
 *   npm run matrix -- --kill w2@3s docs/concepts.md      this page, with this death alone (repeat: several at once)
 */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { parseArgs } from "node:util"
import glob from "fast-glob"
import { root } from "./places.js"

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "3" },
    from: { type: "string", default: "1" },
    workers: { type: "string", default: "1,2,3,4" },
    kill: { type: "string", multiple: true },
  },
})

/** Deaths that leave a worker: of `n` workers fewer than all. The first is none, at the page's own pace and at the seed's. */
const deaths: readonly (readonly string[])[] = [
  [],
  ["w2@3s"],
  ["w1@100ms"],
  ["w2@500ms"],
  ["w1@1s"],
  ["w1@300ms", "w3@700ms"],
  ["w2@200ms", "w3@200ms", "w4@2s"],
]
const killed = (kills: readonly string[]) => new Set(kills.map(kill => kill.split("@")[0]!))
const survives = (kills: readonly string[], workers: number) => {
  const named = [...killed(kills)].map(name => Number(name.slice(1)))
  return named.every(n => n <= workers) && named.length < workers
}

const pages = positionals.length > 0 ? positionals : (await glob("notebooks/*.md", { cwd: root })).sort()
const workers = options.workers.split(",").map(Number)
const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => Number(options.from) + i)
const binary = join(root, "dist/shell/cli/main.js")

let [runs, failed, early] = [0, 0, 0]
function check(args: readonly string[]): void {
  runs += 1
  const startedMs = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [binary, "run", ...pages, "--check", ...args], {
    cwd: root,
    encoding: "utf8",
  })
  const late = stderr.split("\n").filter(line => /had ended before|there is no w\d/.test(line))
  early += late.length
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  if (status === 0) return console.log(`ok    ${args.join(" ")}  ${seconds} s${late.length > 0 ? `  ${late.length} deaths too late` : ""}`)
  failed += 1
  console.log(`FAIL  rivulet run ${pages.join(" ")} --check ${args.join(" ")}\n${stdout}${stderr}`)
}

const startedMs = performance.now()
for (const n of workers) {
  if (options.kill === undefined) check(["--workers", String(n)])
  const chosen = options.kill === undefined ? deaths.filter(kills => survives(kills, n)) : [options.kill]
  for (const seed of seeds)
    for (const kills of chosen) check(["--workers", String(n), "--seed", String(seed), ...kills.flatMap(kill => ["--kill", kill])])
}
const seconds = Math.round((performance.now() - startedMs) / 1000)
console.log(`${runs} runs of ${pages.length} pages, ${failed} with differences, ${early} deaths after a page had ended, ${seconds} s`)
process.exit(failed > 0 ? 1 : 0)
