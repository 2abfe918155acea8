/** `rivulet kernel install | run`: cells of Jupyter's pages on a cluster. */
import { RivuletError } from "../../engine/errors.js"
import { installKernel, kernelSpec } from "../kernel/install.js"
import { userName } from "./attach.js"
import { masterAddress, positiveInteger } from "./options.js"

export interface KernelOptions {
  readonly master?: string
  readonly name?: string
  readonly prefix?: string
  readonly workers?: string
  readonly tz?: string
}

export function install({ master, name = "rivulet", prefix }: KernelOptions): void {
  if (!/^[\w.-]+$/.test(name))
    throw new RivuletError(`--name ${name}: letters, digits, - _ and . only`, { code: 2, try: "--name rivulet-prod" })
  const command = [process.execPath, ...process.execArgv, process.argv[1]!]
  const path = installKernel(kernelSpec(command, master === undefined ? undefined : masterAddress(master)), name, prefix)
  process.stdout.write(`${path}\n`)
  process.stderr.write(`jupyter lab, jupyter notebook and jupyter console --kernel ${name} find it there\n`)
}

export async function run(file: string, { master, workers = "2", tz = "UTC" }: KernelOptions): Promise<void> {
  const { runKernel } = await import("../kernel/run.js")
  await runKernel(file, {
    ...(master === undefined ? {} : { master: masterAddress(master) }),
    workers: positiveInteger(workers, "--workers", 16),
    tz,
    user: userName(),
    connectTimeoutMs: 1_800,
  })
  process.exit(0)
}
