/** The thread of `check-thread`. */
import { parentPort, workerData } from "node:worker_threads"
import { typeErrors } from "./check.js"

parentPort?.postMessage(typeErrors(workerData as string))
