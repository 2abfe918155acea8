/**
 * `node --import ./scripts/register.mjs scripts/bench/shell.ts [--log access.log] [--dist dist] [--json]`: the shell as a person
 * feels it, against a cluster of this machine that holds a log sent over five minutes' worth of intervals or less.
 *
 *     attach     from the process's start to its first prompt
 *     echo       from a key to the frame that shows it, while a panel is live
 *     get        `counts.get("/")` from Enter to its stamp, so many times, and a count of the last five minutes of the input
 *     tab        from Tab behind `counts.` to the list, warm
 *     ctrl-c     from Ctrl-C in a question that would take minutes to a free prompt, and to a count that another session asks then
 *     idle       CPU of an attached shell with one live panel, in per cent of a core
 *     memory     of that shell after so many cells, resident
 *     50 ms      attach to a master that is a round trip of 50 ms away (its workers are not)
 *     node, …    other prompts, where they are installed: from the start to where one can type
 *
 * The shell is the built one, in a process of its own; pipes stand in for its terminal.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import { cpuSeconds } from "./cpu.js"
import { peersMs } from "./peers.js"
import { slowLink } from "./slow-link.js"

const { values } = parseArgs({
  options: {
    log: { type: "string" },
    dist: { type: "string", default: "dist" },
    keys: { type: "string", default: "200" },
    gets: { type: "string", default: "50" },
    cells: { type: "string", default: "500" },
    json: { type: "boolean", default: false },
  },
})
const main = resolve(values.dist, "shell/cli/main.js")
if (!existsSync(main)) {
  process.stderr.write(`bench: no built shell at ${main}\ntry: npm run build\n`)
  process.exit(2)
}
const goals = {
  "attach ms": 700,
  "echo p99 ms": 16,
  "get p50 ms": 20,
  "get p95 ms": 20,
  "count 5m ms": 200,
  "tab ms": 100,
  "ctrl-c ms": 100,
  "freed ms": 1_000,
  "idle %": 3,
  "memory MB": 400,
} as const
const linesAtOnce = 1000

interface Shell {
  readonly child: ChildProcess
  readonly startedMs: number
  /** Resolves with the time when the output since the last call matches. */
  seen(pattern: RegExp): Promise<number>
  type(text: string): void
}

function openShell(address: string): Shell {
  const env = {
    ...process.env,
    RIVULET_MASTER: address,
    RIVULET_TERMINAL: "100x30",
    TERM: "xterm-256color",
    XDG_STATE_HOME: "/nonexistent",
  }
  const startedMs = performance.now()
  const child = spawn(process.execPath, ["--import", resolve("scripts/fake-terminal.mjs"), main], {
    env,
    stdio: ["pipe", "pipe", "ignore"],
  })
  let fresh = ""
  let check: () => void = () => {}
  child.stdout.on("data", chunk => {
    fresh += String(chunk)
    check()
  })
  return {
    child,
    startedMs,
    seen: pattern =>
      new Promise((done, failed) => {
        child.once("exit", () => failed(new Error(`the shell ended before it showed ${pattern}: ${fresh.slice(-500)}`)))
        check = () => {
          if (!pattern.test(fresh)) return
          check = () => {}
          fresh = ""
          child.removeAllListeners("exit")
          done(performance.now())
        }
        check()
      }),
    type: text => {
      fresh = ""
      child.stdin!.write(text)
    },
  }
}

const cluster = await startEmbedded({ workers: 2, cores: 1 })
const measured: Record<string, number> = {}
try {
  await fill()
  const attaches: number[] = []
  for (let i = 0; i < 5; i++) {
    const shell = openShell(cluster.address)
    attaches.push((await shell.seen(/\d>/)) - shell.startedMs)
    shell.child.kill("SIGKILL")
  }
  measured["attach ms"] = quantile(attaches, 0.5)
  const link = await slowLink(cluster.address, 25)
  const far = openShell(link.address)
  measured["attach over 50 ms"] = (await far.seen(/\d>/)) - far.startedMs
  far.child.kill("SIGKILL")
  link.close()
  const shell = openShell(cluster.address)
  await shell.seen(/bound here/)
  shell.type(".watch counts.top(5)\r")
  await shell.seen(/live · /)
  const echoes: number[] = []
  for (let i = 0; i < Number(values.keys); i++) {
    // The cursor stands behind the letter: an inverse blank follows it.
    const letter = "abcdefghij"[i % 10]!
    const typedMs = performance.now()
    shell.type(letter)
    echoes.push((await shell.seen(new RegExp(`${letter}(\\x1b\\[[\\d;]*[mK]| )*[\\r\\n]`))) - typedMs)
    if (i % 40 === 39) shell.type("\x15")
    await pause(20 + (i % 7) * 5)
  }
  measured["echo p50 ms"] = quantile(echoes, 0.5)
  measured["echo p99 ms"] = quantile(echoes, 0.99)
  shell.type("\x15")
  const gets = await asked('counts.get("/favicon.ico")', Number(values.gets))
  measured["get p50 ms"] = quantile(gets, 0.5)
  measured["get p95 ms"] = quantile(gets, 0.95)
  measured["count 5m ms"] = quantile(await asked('views.last("5m").count()', 5), 0.5)
  const tabs: number[] = []
  for (let i = 0; i < 10; i++) {
    shell.type("counts.")
    await pause(150)
    const pressedMs = performance.now()
    shell.type("\t")
    tabs.push((await shell.seen(/latest/)) - pressedMs)
    shell.type("\x1b")
    await pause(150)
    shell.type("\x15")
    await pause(50)
  }
  measured["tab ms"] = quantile(tabs, 0.5)
  const asking = await connect(cluster.address, { user: "other", program: "other", tz: "UTC" })
  await asking.streams()
  const cancels: number[] = []
  const frees: number[] = []
  for (let i = 0; i < 3; i++) {
    shell.type('views.last("5m").map(v => { let n = 0; for (let i = 0; i < 1e8; i++) n += i % 7; return n }).count()\r')
    await shell.seen(/tasks/)
    const pressedMs = performance.now()
    shell.type("\x03")
    cancels.push((await shell.seen(/cancelled/)) - pressedMs)
    await asking.stream("bench/views").last("5m").count()
    frees.push(performance.now() - pressedMs)
  }
  measured["ctrl-c ms"] = quantile(cancels, 0.5)
  measured["freed ms"] = quantile(frees, 0.5)
  await asking.close()
  const before = cpuSeconds([shell.child.pid!]) * 1_000
  await pause(10_000)
  measured["idle %"] = (cpuSeconds([shell.child.pid!]) * 1_000 - before) / 100
  for (let i = 0; i < Number(values.cells); i++) {
    shell.type(`counts.get("/page/${i}")\r`)
    await shell.seen(/partitions · memory/)
  }
  measured["memory MB"] = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${shell.child.pid}/status`, "utf8"))![1]) / 1024
  shell.child.kill("SIGKILL")

  /** By the clock of the person: from Enter to the stamp. */
  async function asked(cell: string, count: number): Promise<number[]> {
    const times: number[] = []
    for (let i = 0; i < count; i++) {
      await pause(200)
      shell.type(cell)
      await pause(100)
      const enteredMs = performance.now()
      shell.type("\r")
      times.push((await shell.seen(/partitions · memory/)) - enteredMs)
    }
    return times
  }
} finally {
  await cluster.stop()
}
for (const [name, ms] of Object.entries(await peersMs())) measured[`${name} ms`] = ms
if (values.json) console.log(JSON.stringify({ node: process.version, measured }))
else
  console.table(
    Object.fromEntries(
      Object.entries(measured).map(([name, value]) => [
        name,
        { measured: Number(value.toFixed(1)), goal: goals[name as keyof typeof goals] ?? "" },
      ]),
    ),
  )
process.exit(0)

/** The log into `views`, a thousand lines at a time so that it spans several intervals, with its state `counts`. */
async function fill(): Promise<void> {
  const session = await connect(cluster.address, { user: "bench", program: "bench", tz: "UTC" })
  const views = session.readStream("views", "1s", { format: "combined" })
  session.name(views, "views")
  session.name(
    views.map(v => [v.url, 1]).runningReduce((a, b) => a + b),
    "counts",
  )
  await session.flush()
  const sender = await openSender(session, "views", { wait: true })
  const lines =
    values.log === undefined
      ? madeUp()
      : readFileSync(values.log, "utf8")
          .split("\n")
          .filter(line => line !== "")
  for (let at = 0; at < lines.length; at += linesAtOnce) {
    await sender.write(Buffer.from(`${lines.slice(at, at + linesAtOnce).join("\n")}\n`))
    await sender.flush()
    await pause(300)
  }
  await sender.close()
  await session.close()
}

function madeUp(): string[] {
  return Array.from({ length: 10_000 }, (_, i) => {
    const url = i % 12 === 0 ? "/favicon.ico" : `/page/${(i * 7919) % 1500}`
    return `192.0.2.${i % 250} - - [17/May/2015:10:05:03 +0000] "GET ${url} HTTP/1.1" 200 ${i} "-" "made up"`
  })
}

function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!
}

function pause(ms: number): Promise<void> {
  return new Promise(done => setTimeout(done, ms))
}
