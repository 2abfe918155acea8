import { availableParallelism, hostname } from "node:os"
import { startWorker } from "../../cluster/worker/main.js"
import { RivuletError } from "../../engine/errors.js"
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

/** A line may be 8 MiB long, and comes in one block: what has no room for it would refuse it for ever. */
const leastMemoryBytes = 16 << 20

function memoryBytes(text: string): number {
  const bytes = byteSize(text, "--memory")
  if (bytes >= leastMemoryBytes) return bytes
  throw new RivuletError(`--memory ${text}: too little for one block of the longest lines (8 MiB)`, {
    code: 2,
    try: "--memory 16M at least",
  })
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
    memoryBytes: memoryBytes(options.memory),
    dir: options.dir,
    diskBytes: byteSize(options.disk, "--disk"),
  })
}
