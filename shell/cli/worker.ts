import { availableParallelism, hostname } from "node:os"
import { startWorker } from "../../cluster/worker/main.js"
import { byteSize, masterAddress, positiveInteger } from "./options.js"

export interface WorkerOptions {
  readonly master: string
  readonly bind: string
  readonly name?: string
  readonly key?: string
  readonly host?: string
  readonly cores?: string
  readonly memory: string
  readonly dir: string
  readonly disk: string
}

/** `rivulet worker`: runs until SIGTERM, SIGINT or SIGHUP, or until the master refuses it. */
export async function worker(options: WorkerOptions): Promise<void> {
  await startWorker({
    master: masterAddress(options.master),
    bind: options.bind,
    name: options.name,
    key: options.key,
    host: options.host ?? hostname(),
    cores: options.cores === undefined ? availableParallelism() : positiveInteger(options.cores, "--cores", 256),
    memoryBytes: byteSize(options.memory, "--memory"),
    dir: options.dir,
    diskBytes: byteSize(options.disk, "--disk"),
  })
}
