/** A cluster as `rivulet master --key` and `rivulet worker --key` run it, of the built program: all of its connections are encrypted. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { freePort } from "../free-port.js"

export interface KeyedOptions {
  /** The build. */
  readonly dist: string
  readonly workers: number
  readonly cores: number
  readonly memoryBytes: number
}

export interface KeyedCluster {
  /** With the public key after `#`. */
  readonly address: string
  processes(): ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** When all workers are there. From now on this process and those that it starts have keys of their own, and no others. */
export async function startKeyed({ dist, workers, cores, memoryBytes }: KeyedOptions): Promise<KeyedCluster> {
  const { connect }: typeof import("../../cluster/client/session.js") = await import(
    pathToFileURL(join(dist, "cluster/client/session.js")).href
  )
  const directory = mkdtempSync(join(tmpdir(), "rivulet-keyed-"))
  process.env.XDG_CONFIG_HOME = directory
  const main = join(dist, "shell/cli/main.js")
  const rivulet = (...args: string[]) =>
    execFileSync(process.execPath, [main, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()
  const publicKey = rivulet("keys", "new", "cluster")
  rivulet("keys", "allow", rivulet("keys", "new"), "bench")
  const children = new Map<string, ChildProcess>()
  const start = (name: string, args: readonly string[]) => {
    const child = spawn(process.execPath, [main, ...args, "--key", "cluster", "--dir", join(directory, name)], { stdio: "ignore" })
    children.set(name, child)
  }
  const port = await freePort()
  const address = `tcp://127.0.0.1:${port}#${publicKey}`
  start("master", ["master", "--bind", `tcp://127.0.0.1:${port}`])
  for (let i = 1; i <= workers; i++) {
    const sizes = ["--cores", String(cores), "--memory", `${Math.round(memoryBytes / 2 ** 20)}M`]
    start(`w${i}`, ["worker", "--name", `w${i}`, "--master", address, ...sizes])
  }
  const session = await connect(address, { user: "bench", program: "bench", tz: "UTC" })
  while ((await session.workers()).length < workers) await new Promise(resolve => setTimeout(resolve, 50))
  await session.close()
  return {
    address,
    processes: () => new Map([...children].map(([name, { pid }]) => [name, pid!])),
    async stop() {
      await Promise.all(
        [...children.values()].map(async child => {
          const dead = once(child, "exit")
          if (child.kill("SIGKILL")) await dead
        }),
      )
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
