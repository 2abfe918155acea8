/** `rivulet run`: programs and notebooks to their end, on a cluster of their own unless `-m` is given. */

import { programName, programPath } from "../../cluster/client/program/loader.js"
import { RivuletError } from "../../engine/errors.js"
import { batch, checkResume } from "./batch.js"
import { duration, masterAddress, positiveInteger } from "./options.js"
import { lineFormat } from "./output.js"

export interface RunOptions {
  readonly master?: string
  readonly o?: string
  readonly workers?: string
  readonly timeout?: string
  readonly keep?: boolean
  readonly save?: string
  readonly resume?: boolean
  readonly check?: boolean
  readonly update?: boolean
  readonly clock?: string
  readonly seed?: string
  readonly kill: readonly string[]
  readonly report?: string
  readonly only?: string
  readonly inspect?: string | true
}

export async function run(files: readonly string[], options: RunOptions): Promise<void> {
  if (options.only !== undefined || options.inspect !== undefined) return runOnly(files, options)
  const notebooks = files.filter(file => /\.(md|ipynb)$/.test(file))
  if (notebooks.length === files.length) return runNotebooks(notebooks, options)
  if (files.length > 1)
    throw new RivuletError(`${files.length} files, of which ${files.length - notebooks.length} are programs`, {
      code: 2,
      try: "one program at a time; any number of notebooks (.md, .ipynb)",
    })
  const only =
    (["check", "update", "clock", "seed", "report"] as const).find(name => options[name] !== undefined) ??
    (options.kill.length > 0 ? "kill" : undefined)
  if (only !== undefined) throw new RivuletError(`--${only} is for notebooks`, { code: 2, try: `rivulet run notebook.md --${only}` })
  await runProgram(files[0]!, options)
}

/** One partition of what runs on a cluster: nothing else is run. */
async function runOnly(files: readonly string[], options: RunOptions): Promise<void> {
  const { only, inspect, master, kill, ...others } = options
  if (only === undefined) throw new RivuletError("--inspect: of which partition?", { code: 2, try: "--only counts@21:05:31/3 --inspect" })
  const [other] = [
    // Colours are said of every command.
    ...Object.entries(others).flatMap(([name, value]) => (value === undefined || name === "color" ? [] : [name])),
    ...(kill.length > 0 ? ["kill"] : []),
  ]
  if (other !== undefined)
    throw new RivuletError(`--${other} with --only: one partition is made, nothing is run`, { code: 2, try: "leave it out" })
  if (files.length !== 1)
    throw new RivuletError("--only: of one program", { code: 2, try: "rivulet run program.ts --only counts@21:05:31/3" })
  const how = { only, ...(master !== undefined && { master }), ...(inspect !== undefined && { inspect }) }
  await (await import("./only.js")).only(files[0]!, how)
}

async function runProgram(file: string, options: RunOptions): Promise<void> {
  const path = programPath(file)
  const format = lineFormat(options.o, process.stdout.isTTY)
  const workers = positiveInteger(options.workers ?? "2", "--workers", 16)
  checkResume(options)
  if (options.resume === true && options.master !== undefined)
    throw new RivuletError("--resume with -m: what runs on a cluster goes on by itself", { code: 2, try: "rivulet submit program.ts" })
  await batch({
    path,
    program: programName(path),
    workers,
    format,
    ...(options.master === undefined ? {} : { master: options.master }),
    ...(options.keep === true ? { keep: true } : {}),
    ...(options.save === undefined ? {} : { save: options.save }),
    ...(options.resume === true ? { resume: true } : {}),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  })
}

async function runNotebooks(files: readonly string[], options: RunOptions): Promise<void> {
  const wrong = (what: string, attempt: string) => new RivuletError(what, { code: 2, try: attempt })
  if (options.check && options.update) throw wrong("--check and --update at once", "--check compares; --update writes")
  if (options.o !== undefined) throw wrong("-o is for programs", "a notebook's outputs stand under its cells")
  if (options.keep !== undefined) throw wrong("--keep is for programs", "rivulet submit program.ts")
  if (options.save !== undefined || options.resume !== undefined)
    throw wrong(
      `--${options.save !== undefined ? "save" : "resume"} is for programs`,
      "--update writes a notebook's outputs under its cells",
    )
  if (options.clock !== undefined && options.clock !== "simulated" && options.clock !== "real")
    throw wrong(`--clock ${options.clock}`, "--clock simulated, or real")
  const report = options.report === undefined ? undefined : /^junit=(.+)$/.exec(options.report)?.[1]
  if (options.report !== undefined && report === undefined)
    throw wrong(`--report ${options.report}: not understood`, "--report junit=results.xml")
  const [{ runNotebooks: runAll }, { parseKill }] = await Promise.all([import("../notebook/run.js"), import("../notebook/settings.js")])
  const kills = options.kill.map(parseKill)
  if (kills.length > 0 && (options.master !== undefined || options.clock === "real"))
    throw wrong("--kill is for the simulated cluster", "kill -9 a worker's process; or leave out -m and --clock real")
  process.exitCode = await runAll(files, {
    check: options.check ?? false,
    update: options.update ?? false,
    kills,
    settings: {
      ...(options.clock === undefined ? {} : { clock: options.clock }),
      ...(options.workers === undefined ? {} : { workers: positiveInteger(options.workers, "--workers", 16) }),
      ...(options.seed === undefined ? {} : { seed: wholeNumber(options.seed, "--seed") }),
    },
    ...(options.timeout === undefined ? {} : { timeoutMs: duration(options.timeout, "--timeout") }),
    ...(options.master === undefined ? {} : { master: masterAddress(options.master) }),
    ...(report === undefined ? {} : { junit: report }),
    write: text => process.stdout.write(text),
    warn: text => process.stderr.write(text),
    annotate: process.env.GITHUB_ACTIONS !== undefined,
  })
}

function wholeNumber(text: string, flag: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new RivuletError(`${flag} ${text}: not a whole number`, { code: 2, try: `${flag} 7` })
}
