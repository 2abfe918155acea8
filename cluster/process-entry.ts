/**
 * A process of an embedded cluster: `process-entry <master|worker> [directory to remove]`. It lives no longer than its
 * parent, however that ends: the channel between them breaks with either.
 */

import { rm } from "node:fs/promises"
import { RivuletError } from "../engine/errors.js"
import { collectEarly } from "./adapters/early-collection.js"
import { openLog } from "./adapters/log.js"
import type { FromProcess, ToProcess } from "./embedded-messages.js"

const [, , role, removed] = process.argv
// Ctrl-C reaches the whole process group: whether the cluster ends is for the parent to say.
process.on("SIGINT", () => {})
process.on("SIGHUP", () => {})

collectEarly()
let running: { stop(): Promise<void>; slow?(times: number): void } | null = null
async function end(code: number): Promise<never> {
  await running?.stop().catch(() => {})
  if (removed !== undefined) await rm(removed, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  process.exit(code)
}
process.on("disconnect", () => void end(0))
process.on("SIGTERM", () => void end(143))
// Its parent may have ended while this one's code was loading, when nobody listened.
if (!process.connected) await end(0)

const tell = (message: FromProcess) => {
  if (process.connected) process.send?.(message)
}
const start = role === "master" ? masterStarter(await import("./master/main.js")) : workerStarter(await import("./worker/main.js"))
process.on("message", (message: ToProcess) => {
  if (message.kind === "slow") return running?.slow?.(message.times)
  start(message).catch((error: unknown) => {
    const { message, code, try: hint } = error instanceof RivuletError ? error : new RivuletError(String(error))
    tell({ kind: "failed", message, code, try: hint })
    void end(code)
  })
})

function masterStarter({ startMaster }: typeof import("./master/main.js")) {
  return async (message: ToProcess) => {
    if (message.kind !== "master") return
    const say = openLog({ node: "master", ...(message.log !== null && { file: message.log }) })
    const master = await startMaster({ ...message.options, say, ownsProcess: false, onExit: code => void end(code) })
    running = master
    tell({ kind: "listening", address: master.address })
  }
}

function workerStarter({ startWorker }: typeof import("./worker/main.js")) {
  return async (message: ToProcess) => {
    if (message.kind !== "worker") return
    const say = openLog({ node: message.options.name ?? "worker", ...(message.log !== null && { file: message.log }) })
    const onListed = (workers: number) => tell({ kind: "listed", workers })
    const worker = await startWorker({ ...message.options, say, ownsProcess: false, onListed, onExit: code => void end(code) })
    running = worker
    tell({ kind: "listening", address: worker.address })
  }
}
