/** `rivulet submit`: a program's exports become streams that live on the master. Returns when they are defined. */

import { setSession } from "../../cluster/client/ambient.js"
import type { ClientSession, Defined } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import { typeErrors } from "../program/check.js"
import { loadProgram, programName, programPath } from "../program/loader.js"
import { withSession } from "./attach.js"

export interface SubmitOptions {
  readonly master?: string
  readonly name?: string
  readonly dryRun?: boolean
}

export async function submit(file: string, options: SubmitOptions): Promise<void> {
  const path = programPath(file)
  refuseTypeErrors(path)
  const program = options.name ?? programName(path)
  await withSession({ ...options, program }, async session => {
    const drafts = await defineProgram(session, path)
    if (options.dryRun) {
      for (const name of drafts.names) process.stdout.write(`+ ${program}/${name}\n`)
      return
    }
    const defined = await session.flush()
    process.stderr.write(`${program} runs: ${summary(defined)}\n`)
    await session.release()
  })
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

export function summary(defined: readonly Defined[]): string {
  return defined
    .filter(item => item.named || item.kind === "output")
    .map(item => `${item.name}${item.kind === "state" ? "°" : ""}`)
    .join(" · ")
}
