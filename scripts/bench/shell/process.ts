/** A shell of the built program in a process of its own; pipes stand in for its terminal. */
import { type ChildProcess, spawn } from "node:child_process"
import { resolve } from "node:path"

export interface ShellProcess {
  readonly child: ChildProcess
  readonly startedMs: number
  /** Bytes that it has written so far. */
  readonly bytes: number
  /** Resolves with the time when the output since the last call, or since something was typed, matches. Rejects when that takes too long. */
  seen(pattern: RegExp, withinMs?: number): Promise<number>
  type(text: string): void
  /** Resolves when the process is gone. */
  end(): Promise<void>
}

/** What is not seen by then will not come. */
const longestMs = 30_000

/** @param args of the program */
export function openShell(main: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ShellProcess {
  const startedMs = performance.now()
  const child = spawn(process.execPath, ["--import", resolve("scripts/fake-terminal.mjs"), main, ...args], {
    env: { ...process.env, RIVULET_TERMINAL: "100x30", TERM: "xterm-256color", XDG_STATE_HOME: "/nonexistent", ...env },
    stdio: ["pipe", "pipe", "ignore"],
  })
  const ended = new Promise<void>(done => child.once("exit", () => done()))
  let fresh = ""
  let bytes = 0
  let check: () => void = () => {}
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length
    fresh += chunk.toString()
    check()
  })
  child.stdin.on("error", () => {})
  return {
    child,
    startedMs,
    get bytes() {
      return bytes
    },
    seen: (pattern, withinMs = longestMs) =>
      new Promise((done, failed) => {
        const late = setTimeout(() => {
          child.off("exit", gone)
          failed(new Error(`not within ${withinMs / 1000} s: ${pattern} in ${JSON.stringify(fresh.slice(-800))}`))
        }, withinMs)
        const gone = () => failed(new Error(`the shell ended before it showed ${pattern}: ${fresh.slice(-500)}`))
        child.once("exit", gone)
        check = () => {
          if (!pattern.test(fresh)) return
          check = () => {}
          fresh = ""
          clearTimeout(late)
          child.off("exit", gone)
          done(performance.now())
        }
        check()
      }),
    type: text => {
      fresh = ""
      child.stdin.write(text)
    },
    end: async () => {
      child.kill("SIGTERM")
      await ended
    },
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise(done => setTimeout(done, ms))
}

export function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!
}
