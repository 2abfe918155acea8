/** `rivulet submit`: a program's exports become streams that live on the master, in place of what the program was. Returns when they are defined. */

import { defineProgram } from "../../cluster/client/program/define.js"
import { programName, programPath } from "../../cluster/client/program/loader.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import type { Plan } from "../../engine/fluent/shapes.js"
import { typeErrors } from "../program/check-thread.js"
import { withSession } from "./attach.js"
import { confirm } from "./confirm.js"
import { programInputs } from "./program-inputs.js"

export interface SubmitOptions {
  readonly master?: string
  readonly name?: string
  /** Where what is new, or changes, begins: a time, or "archive" for as far back as the inputs' archives reach. */
  readonly from?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly force?: boolean
}

export async function submit(file: string, options: SubmitOptions): Promise<void> {
  const path = programPath(file)
  refuseTypeErrors(await typeErrors(path))
  const program = options.name ?? programName(path)
  await withSession({ ...options, program, continues: true }, async session => {
    await defineProgram(session, path)
    const from = options.from === undefined ? undefined : options.from === "archive" ? 0 : session.host.instant(options.from)
    const how = { force: options.force === true, ...(from === undefined ? {} : { from }) }
    const inputs = programInputs(session.host.definitions, program)
    const plan = withInputs(await session.submitProgram({ dryRun: true, ...how }), inputs)
    if (options.dryRun) {
      process.stdout.write(`${planText(plan, from)}\n`)
      return
    }
    if (plan.change.length + plan.stop.length > 0 && !options.yes) {
      process.stderr.write(`${planText(plan, from)}\n`)
      await confirm(`submit ${program}`, options.master)
    }
    const applied = withInputs(await session.submitProgram({ dryRun: false, ...how }), inputs)
    const at =
      from === undefined && applied.change.length > 0 && applied.at !== undefined ? ` from ${new Date(applied.at).toISOString()}` : ""
    process.stderr.write(`${program} runs${at}: ${summary(applied)}\n`)
    await sayBeginnings(session, program, applied, from)
  })
}

/** An input that is there, whosever it is, is read as it is: nothing of it is sent to the master. */
function withInputs(plan: Plan, inputs: readonly string[]): Plan {
  const there = inputs.filter(
    name => !plan.add.includes(name) && !plan.unchanged.includes(name) && !plan.change.some(one => one.name === name),
  )
  return { ...plan, unchanged: [...there, ...plan.unchanged] }
}

const earlier = " (earlier is not kept)"

/** From when on each stream that was added, or is made anew, has been made. */
async function sayBeginnings(session: ClientSession, program: string, { add, change }: Plan, from: number | undefined): Promise<void> {
  const anew = new Set(from === undefined ? [] : change.map(({ name }) => `${name}~next`))
  for (const { name, kind, since } of await session.streams({ program })) {
    const full = `${program}/${name}`
    if (!(add.includes(full) || anew.has(full)) || (kind !== "state" && kind !== "output")) continue
    const short = from !== undefined && from > 0 && since > from ? earlier : ""
    const then = anew.has(full) ? ", beside what runs: it takes its place when it has caught up" : ""
    process.stderr.write(`  ${name} from ${new Date(since).toISOString()}${short}${then}\n`)
  }
}

/** A line each: `+` added, `~` changed, `-` stopped, `=` as it was, or held and going on. With a past (`from`, epoch ms): from when on, too. */
export function planText({ add, change, stop, unchanged, begins = [], resumes = [] }: Plan, from?: number): string {
  const beginning = (name: string): string => {
    const since = from === undefined ? undefined : begins.find(one => one.name === name)?.from
    if (since === undefined) return ""
    return `  from ${new Date(since).toISOString()}${from! > 0 && since > from! ? earlier : ""}`
  }
  const untouched = unchanged.filter(name => !resumes.includes(name))
  const states = { kept: "keeps its state", mapped: "its state is changed", reset: "begins anew", none: "" } as const
  const lines = [
    ...add.map(name => `+ ${name}${beginning(name)}`),
    ...change.map(
      ({ name, from, to, state }) => `~ ${name}  ${from} → ${to}${states[state] === "" ? "" : `  ${states[state]}`}${beginning(name)}`,
    ),
    ...stop.map(name => `- ${name}`),
    ...(untouched.length > 0 ? [`= ${untouched.join(", ")}  unchanged, not touched`] : []),
    ...(resumes.length > 0 ? [`= ${resumes.join(", ")}  unchanged, goes on from where it is held`] : []),
  ]
  return lines.length === 0 ? "nothing changes" : lines.join("\n")
}

/** Throws a RivuletError (2) that names the first of them. */
export function refuseTypeErrors(errors: readonly string[]): void {
  if (errors.length > 0)
    throw new RivuletError(`${errors.slice(0, 5).join("\n")}${errors.length > 5 ? `\n… ${errors.length - 5} more` : ""}`, {
      code: 2,
      try: "mend the types; nothing ran",
    })
}

function summary({ add, change, stop, unchanged }: Plan): string {
  const counts = [
    [add.length, "added"],
    [change.length, "changed"],
    [stop.length, "stopped"],
    [unchanged.length, "unchanged"],
  ] as const
  return (
    counts
      .filter(([n]) => n > 0)
      .map(([n, what]) => `${n} ${what}`)
      .join(" · ") || "nothing changed"
  )
}
