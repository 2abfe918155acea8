/**
 * Real processes under attack: a master, three workers, a program, a sender of numbered lines. Random ones are killed, or stopped
 * for a while, and started again, the master from its journal. Each minute, and when all is drained, every interval of every stream is
 * compared with plain computation over the lines. The last line is `N kills, M differing intervals`; exit 1 if M > 0.
 *
 *   npm run build && npm run chaos -- --kills 20 --seed 7
 *
 *   --rate <lines a second>   default 2000        --workers <n>   default 3       --memory <size>   of each worker, default 256M
 *   --only worker,stop,master,pause,sender        which attacks                   --keep            leave logs and journal
 *
 * The next attack comes when all streams have caught up with the last: one failure at a time is what two copies are for.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { type ClientSession, connect } from "../cluster/client/session.js"
import { Random } from "../cluster/testing/random.js"
import { Judge } from "./chaos/judge.js"
import { Load } from "./chaos/load.js"
import { ended, Processes } from "./chaos/processes.js"
import { freePort } from "./free-port.js"

const attacks = ["worker", "stop", "master", "pause", "sender"] as const
type Attack = (typeof attacks)[number]

/** What is older is forgotten after some minutes: until then it must have been compared. */
const compareEveryMs = 60_000
/** The program remembers five minutes. So late it must have been forgotten, whatever has died: what stays for ever fills the workers. */
const forgottenMs = 420_000
/** A stream that has not caught up by then is stuck. */
const stuckMs = 120_000
const pollMs = 200

const { values: options } = parseArgs({
  options: {
    kills: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    rate: { type: "string", default: "2000" },
    workers: { type: "string", default: "3" },
    memory: { type: "string", default: "256M" },
    only: { type: "string", default: attacks.join(",") },
    binary: { type: "string", default: fileURLToPath(new URL("../dist/shell/cli/main.js", import.meta.url)) },
    keep: { type: "boolean", default: false },
  },
})
const only = options.only.split(",").filter((word): word is Attack => (attacks as readonly string[]).includes(word))
const random = new Random(Number(options.seed))
const directory = mkdtempSync(join(tmpdir(), "rivulet-chaos-"))
const output = join(directory, "saved")
mkdirSync(output)
const processes = new Processes({ binary: options.binary, directory })
const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
const startedMs = performance.now()
const say = (text: string) => console.log(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)}  ${text}`)

const port = await freePort()
const address = `tcp://127.0.0.1:${port}`
const workers = Array.from({ length: Number(options.workers) }, (_, i) => `w${i + 1}`)

const startMaster = () => processes.start("master", ["master", "--bind", address, "--dir", join(directory, "master")], /master of .* at/)
const startWorker = (name: string) =>
  processes.start(
    name,
    [
      "worker",
      "--master",
      address,
      "--name",
      name,
      "--host",
      name,
      "--cores",
      "1",
      "--memory",
      options.memory,
      "--dir",
      join(directory, name),
    ],
    /worker at tcp/,
  )

let session: ClientSession | null = null
let failed = false
let kills = 0
const findings: string[] = []
try {
  await startMaster()
  await Promise.all(workers.map(startWorker))
  session = await connect(address)
  await until(
    () => "all workers are listed",
    async () => (await session!.workers()).filter(({ state }) => state === "up").length === workers.length,
  )

  const program = join(directory, "chaos.ts")
  writeFileSync(program, readFileSync(new URL("./chaos/program.ts", import.meta.url), "utf8").replace("OUTPUT", output))
  const code = await ended(processes.spawn("submit", ["submit", program, "-m", address]))
  if (code !== 0) throw new Error(`submit ended with ${code}: ${readFileSync(join(directory, "submit.log"), "utf8")}`)
  const load = new Load(processes, address, Number(options.rate))
  load.start()
  await caughtUp(session, Date.now())

  const judge = new Judge(output)
  let comparedMs = Date.now()
  while (kills < Number(options.kills)) {
    await pause(random.integer(0, 2_500))
    const attack = random.pick(only)
    const atMs = Date.now()
    const name = attack === "master" || attack === "pause" ? "master" : attack === "sender" ? "sender" : random.pick(workers)
    await strike(attack, name, load)
    kills += 1
    const sofarMs = await caughtUp(session, atMs)
    say(`${kills}  ${attack} ${name}: all streams past it after ${((Date.now() - atMs) / 1000).toFixed(1)} s`)
    if (Date.now() - comparedMs < compareEveryMs) continue
    comparedMs = Date.now()
    const before = judge.differing
    await judge.compare(session, sofarMs)
    findings.push(...(await staying(session)))
    for (const finding of judge.findings.slice(before, before + 5)) say(finding.slice(0, 300))
    say(`compared: ${judge.differing} differing intervals so far`)
  }

  await load.end()
  const throughMs = await caughtUp(session, Date.now() + 2_000)
  say(`drained; ${load.senders.map(({ sender, acked, sent, whole }) => `${sender} ${acked}/${sent}${whole ? "" : " killed"}`).join(", ")}`)
  await judge.compare(session, throughMs)
  const { differing, intervals, lines } = judge.verdict(load.senders)
  say(`${lines} lines in ${intervals} intervals`)
  findings.push(...differing)
} catch (error) {
  findings.push(error instanceof Error ? error.message : String(error))
  failed = true
} finally {
  findings.push(...processes.unexpected)
  if (session !== null) await Promise.race([session.close().catch(() => {}), pause(2_000)])
  await processes.end()
}
for (const finding of findings.slice(0, 40)) console.log(`  ${finding}`)
if (findings.length > 40) console.log(`  … ${findings.length - 40} more`)
if (options.keep || findings.length > 0) console.log(`  logs are in ${directory}; seed ${options.seed}`)
else rmSync(directory, { recursive: true, maxRetries: 3 })
console.log(`${kills} kills, ${findings.length} differing intervals`)
process.exit(findings.length > 0 || failed ? 1 : 0)

async function strike(attack: Attack, name: string, load: Load): Promise<void> {
  switch (attack) {
    case "worker":
      await processes.kill(name)
      await pause(random.pick([0, 0, 500, 2_500]))
      return startWorker(name)
    case "master":
      await processes.kill(name)
      await pause(random.pick([0, 0, 1_500]))
      return startMaster()
    case "stop":
    case "pause":
      processes.signal(name, "SIGSTOP")
      await pause(attack === "pause" ? 3_000 : random.pick([700, 5_000]))
      return processes.signal(name, "SIGCONT")
    case "sender":
      return load.kill()
  }
}

/** Resolves when every stream has finished the interval that holds `ms`, with the time that all have come to. */
async function caughtUp(session: ClientSession, ms: number): Promise<number> {
  let through = 0
  let warnings: readonly string[] = []
  let machines: readonly string[] = []
  const what = () =>
    `all streams are past ${new Date(ms).toISOString()}, and nothing has one copy: they are at ${new Date(through).toISOString()}; ${[...warnings, ...machines].join("; ")}`
  await until(what, async () => {
    const entries = (await session.host.catalog()).filter(({ state }) => state !== "on demand")
    // What was tried in vain by machines that died under it is tried again by itself: late, and not wrong.
    const held = entries.find(entry => entry.held !== undefined && entry.held.retry === undefined)
    if (held !== undefined) throw new Error(`${held.definition.name} is held: ${held.held!.failure.message}`)
    through = Math.min(...entries.map(({ throughMs }) => throughMs))
    // What lost a copy has another again: until then a second death would be a second failure at once.
    warnings = (await session.status()).warnings
    machines = (await session.workers()).map(
      ({ name, state, bytes, cap, spilled }) => `${name} ${state}, ${bytes} of ${cap} bytes of memory, ${spilled} on disk`,
    )
    return entries.length >= 4 && through > ms + 1_000 && !warnings.some(text => /one copy/.test(text))
  })
  return through
}

/** What should have been forgotten long ago. */
async function staying(session: ClientSession): Promise<string[]> {
  const oldestMs = Date.now() - forgottenMs
  return (await session.host.catalog())
    .filter(({ definition, reachesMs }) => definition.kind !== "output" && reachesMs < oldestMs)
    .map(
      ({ definition, reachesMs }) =>
        `${definition.name} still reaches back to ${new Date(reachesMs).toISOString()} at ${new Date().toISOString()}`,
    )
}

async function until(what: () => string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + stuckMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${stuckMs / 1000} s: ${what()}`)
    await pause(pollMs)
  }
}
