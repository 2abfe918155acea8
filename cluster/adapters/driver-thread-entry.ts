/**
 * A driver thread: runs `foreachRDD` bodies. The machine of their session lives in the worker's main thread; so a body can block
 * neither acks nor heartbeats.
 */

import { userInfo } from "node:os"
import { parentPort, workerData } from "node:worker_threads"
import { DriverBodies } from "../client/driver-body.js"
import { PortCalls } from "../client/port-calls.js"
import type { DriverStart, FromDriver, ToDriver } from "./driver-messages.js"

const { calls: callsPort, pulse: pulseBuffer } = workerData as DriverStart
const port = parentPort!
const pulse = new Int32Array(pulseBuffer)
Atomics.add(pulse, 0, 1)
setInterval(() => Atomics.add(pulse, 0, 1), 1_000)

const bodies = new DriverBodies(new PortCalls(callsPort, Date.now), userInfo().username)

port.on("message", async (message: ToDriver) => {
  const { task } = message
  const tell = (what: FromDriver) => port.postMessage(what)
  const ended = await bodies.run(message, { onBegun: () => tell({ task, begun: true }), onLine: line => tell({ task, line }) })
  tell({ task, ...ended })
})
