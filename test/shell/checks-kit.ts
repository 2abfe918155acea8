/** For the checks of what a shell promises: a cluster of real processes, shells without a screen, commands, senders. */
import { spawn } from "node:child_process"
import { openSender } from "../../cluster/client/send.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import type { Embedded } from "../../cluster/embedded.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { doChaos } from "../../shell/host/chaos.js"
import type { ShellHost } from "../../shell/host/host.js"
import { openLocalHost } from "../../shell/plain/local-host.js"

export interface TestShell {
  readonly host: ShellHost
  /** Runs a cell to its end and gives what it printed. */
  run(cell: string): Promise<string>
  /** Runs the cell again and again, after `before`, until what it prints satisfies it. */
  until(cell: string, what: (printed: string) => boolean, before?: () => Promise<void>): Promise<string>
  /** All that was printed so far. */
  printed(): string
  close(): Promise<void>
}

/** A shell of that person, in this process, against real ones. One at a time: its cells have the names of the whole process. */
export async function openShell(cluster: Embedded, user = "ann"): Promise<TestShell> {
  let printed = ""
  const { host, close } = await openLocalHost({
    attachment: { address: cluster.address, name: "local", cluster, demo: undefined },
    tz: "UTC",
    user,
    emit: event => {
      if (event.kind === "print") printed += event.lines.map(({ text }) => `${text}\n`).join("")
      else if (event.kind === "chaos") doChaos(cluster, event.order, lines => lines.map(({ text }) => process.stderr.write(`${text}\n`)))
    },
  })
  host.start()
  const run = async (cell: string) => {
    const before = printed.length
    await host.runCell(cell)
    return printed.slice(before)
  }
  return {
    host,
    run,
    async until(cell, what, before) {
      for (;;) {
        await before?.()
        const said = await run(cell)
        if (what(said)) return said
        // A cell that asks nobody ends within this turn of the loop: what comes from outside must come in between.
        await new Promise(resolve => setImmediate(resolve))
      }
    },
    printed: () => printed,
    close,
  }
}

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly ms: number
}

/** A command of the binary. `head`: the reader of its output goes away after the first bytes. */
export function rivulet(
  args: readonly string[],
  { input = "", head = false, env = {} }: { readonly input?: string; readonly head?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const startedMs = performance.now()
  const child = spawn(process.execPath, [...moduleArguments("shell/cli/main"), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  })
  let out = ""
  let err = ""
  child.stdout.on("data", chunk => {
    out += String(chunk)
    if (head) child.stdout.destroy()
  })
  child.stderr.on("data", chunk => {
    err += String(chunk)
  })
  child.stdin.on("error", () => {})
  child.stdin.end(input)
  return new Promise(resolve => child.once("close", code => resolve({ code, out, err, ms: performance.now() - startedMs })))
}

export interface Feed {
  /** Sent and acked. */
  send(lines: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Somebody else's process, which sends lines to a stream that exists. */
export async function openFeed(cluster: Embedded, stream: string): Promise<Feed> {
  const session: ClientSession = await connect(cluster.address, { user: "feed", program: "feed" })
  const sender = await openSender(session, stream)
  return {
    async send(lines) {
      await sender.write(Buffer.from(lines.map(line => `${line}\n`).join("")))
      await sender.flush()
    },
    async close() {
      await sender.close()
      await session.close()
    },
  }
}

/** A line of a web server's log. */
export function visit(url: string, second: number, { ip = "192.0.2.1", status = 200 } = {}): string {
  const time = `10:${String(Math.floor(second / 60) % 60).padStart(2, "0")}:${String(second % 60).padStart(2, "0")}`
  return `${ip} - - [17/May/2015:${time} +0000] "GET ${url} HTTP/1.1" ${status} 10 "-" "test"`
}
