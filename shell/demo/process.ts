/** The made-up traffic as a child process, so that neither the shell nor a worker pays for it. It ends with its parent. */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"

export interface Demo {
  /** Resolves when the stream is defined and the first lines are acked. */
  readonly ready: Promise<void>
  /** Tells it where the master is. It loads meanwhile. */
  begin(master: string): void
  stop(): Promise<void>
}

export function startDemo(): Demo {
  const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./entry.ts" : "./entry.js", import.meta.url))
  const child = fork(entry, [], { stdio: ["ignore", "ignore", "inherit", "ipc"] })
  const ended = new Promise<void>(resolve => child.once("exit", () => resolve()))
  const ready = new Promise<void>((resolve, reject) => {
    child.once("message", () => resolve())
    void ended.then(() => reject(new Error("the made-up traffic ended before it began")))
  })
  ready.catch(() => {})
  return {
    ready,
    begin: master => child.send({ master }, () => {}),
    stop: async () => {
      child.kill("SIGTERM")
      await ended
    },
  }
}
