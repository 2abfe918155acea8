/** `rivulet run program.ts`: to the end, on a cluster of its own unless `-m` is given. */
import { programName, programPath } from "../program/loader.js"
import { batch } from "./batch.js"
import { positiveInteger } from "./options.js"
import { outputFormat } from "./output.js"

export interface RunOptions {
  readonly master?: string
  readonly o?: string
  readonly workers: string
  readonly timeout?: string
  readonly keep?: boolean
}

export async function run(file: string, options: RunOptions): Promise<void> {
  const path = programPath(file)
  const format = outputFormat(options.o, process.stdout.isTTY)
  const workers = positiveInteger(options.workers, "--workers", 16)
  await batch({
    path,
    program: programName(path),
    workers,
    format,
    ...(options.master === undefined ? {} : { master: options.master }),
    ...(options.keep === true ? { keep: true } : {}),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  })
}
