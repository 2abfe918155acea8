/** `rivulet submit`: a program's exports become streams that live on the master, in place of what the program was. Returns when they are defined. */

import { setSession } from "../../cluster/client/ambient.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Plan } from "../../engine/fluent/shapes.js"
import { typeErrors } from "../program/check.js"
import { loadProgram, programName, programPath } from "../program/loader.js"
import { withSession } from "./attach.js"
import { confirm } from "./confirm.js"

export interface SubmitOptions {
  readonly master?: string
  readonly name?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly force?: boolean
}

export async function submit(file: string, options: SubmitOptions): Promise<void> {
  const path = programPath(file)
  refuseTypeErrors(path)
  const program = options.name ?? programName(path)
  await withSession({ ...options, program }, async session => {
    await defineProgram(session, path)
    const force = options.force === true
    const plan = await session.submitProgram({ dryRun: true, force })
    if (options.dryRun) {
      process.stdout.write(`${planText(plan)}\n`)
      return
    }
    if (plan.change.length + plan.stop.length > 0 && !options.yes) {
      process.stderr.write(`${planText(plan)}\n`)
      await confirm(`submit ${program}`)
    }
    const applied = await session.submitProgram({ dryRun: false, force })
    const at = applied.change.length > 0 && applied.at !== undefined ? ` from ${new Date(applied.at).toISOString()}` : ""
    process.stderr.write(`${program} runs${at}: ${summary(applied)}\n`)
  })
}

/** A line each: `+` added, `~` changed, `-` stopped, `=` as it was. */
export function planText({ add, change, stop, unchanged }: Plan): string {
  const states = { kept: "keeps its state", mapped: "its state is changed", reset: "begins anew", none: "" } as const
  const lines = [
    ...add.map(name => `+ ${name}`),
    ...change.map(({ name, from, to, state }) => `~ ${name}  ${from} → ${to}${states[state] === "" ? "" : `  ${states[state]}`}`),
    ...stop.map(name => `- ${name}`),
    ...(unchanged.length > 0 ? [`= ${unchanged.join(", ")}  unchanged, not touched`] : []),
  ]
  return lines.length === 0 ? "nothing changes" : lines.join("\n")
}

export function refuseTypeErrors(path: string): void {
  const errors = typeErrors(path)
  if (errors.length > 0)
    throw new RivuletError(`${errors.slice(0, 5).join("\n")}${errors.length > 5 ? `\n… ${errors.length - 5} more` : ""}`, {
      code: 2,
      try: "mend the types; nothing ran",
    })
}

/** Loads the program under the session and names its streams by its exports. Nothing is sent yet. */
export async function defineProgram(
  session: ClientSession,
  path: string,
): Promise<{ readonly names: readonly string[]; readonly exports: Readonly<Record<string, unknown>> }> {
  setSession(session)
  const { exports } = await loadProgram(path)
  const names: string[] = []
  for (const [name, value] of Object.entries(exports)) {
    if (handleData(value)?.kind !== "stream") continue
    session.name(value, name)
    names.push(name)
  }
  if (names.length === 0 && session.drafts() === 0)
    throw new RivuletError(`${path} defines no stream`, { code: 2, try: 'export const counts = readStream("views", "1s")…' })
  return { names, exports }
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
