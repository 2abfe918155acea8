/**
 * A program on a terminal that is not there: pipes stand in for it (`fake-terminal.mjs`), and a terminal's own machine reads what the
 * program writes, so that what is asked is what a person would see.
 */
import { type ChildProcess, spawn } from "node:child_process"
import xterm from "@xterm/headless"
import { root } from "./places.js"

export interface HeadlessTerminal {
  readonly child: ChildProcess
  readonly terminal: xterm.Terminal
  /** The screen's rows, after what has scrolled off it. */
  lines(): string[]
  /** All that the program wrote, as it wrote it. */
  written(): string
  err(): string
  type(text: string): void
  /** Resolves when what is seen satisfies it, rejects when the program ends before; has no time limit of its own. */
  until(what: (lines: readonly string[]) => boolean): Promise<void>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export interface HeadlessOptions {
  /** Of node: a program and its arguments, from the project's directory. */
  readonly args: readonly string[]
  readonly columns: number
  readonly rows: number
  readonly env?: NodeJS.ProcessEnv
  /** In a session of its own: there is no shell that would continue it when it stops. */
  readonly detached?: boolean
}

export function openTerminal({ args, columns, rows, env = {}, detached = false }: HeadlessOptions): HeadlessTerminal {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true, convertEol: true })
  const child = spawn(process.execPath, ["--import", "./scripts/fake-terminal.mjs", ...args], {
    cwd: root,
    env: { ...process.env, RIVULET_TERMINAL: `${columns}x${rows}`, TERM: "xterm-256color", ...env },
    stdio: "pipe",
    detached,
  })
  let written = ""
  let err = ""
  const waiting = new Set<() => void>()
  const look = () => {
    for (const check of waiting) check()
  }
  const lines = () => {
    const buffer = terminal.buffer.active
    return Array.from({ length: buffer.length }, (_, i) => buffer.getLine(i)!.translateToString(true))
  }
  child.stdout.on("data", chunk => {
    written += String(chunk)
    terminal.write(String(chunk), look)
  })
  child.stderr.on("data", chunk => {
    err += String(chunk)
    look()
  })
  // Whoever has ended reads no more.
  child.stdin.on("error", () => {})
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve =>
    child.once("close", (code, signal) => resolve({ code, signal })),
  )
  return {
    child,
    terminal,
    lines,
    written: () => written,
    err: () => err,
    type: text => void child.stdin.write(text),
    ended,
    until: what =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!what(lines())) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        void ended.then(({ code }) => reject(new Error(`ended with ${code}: ${err}\n${lines().join("\n")}`)))
        check()
      }),
  }
}
