/** A program's file under a session: its streams are named by its exports. */

import { RivuletError } from "../../../engine/errors.js"
import { handleData } from "../../../engine/fluent/brand.js"
import type { Session } from "../../../engine/fluent/session-types.js"
import { setSession } from "../ambient.js"
import { loadProgram } from "./loader.js"

/** What it needs of a session beside that. */
export interface Naming {
  /** A top-level name for what has none yet. */
  name(handle: unknown, name: string): boolean
  /** How many definitions the master does not have. */
  drafts(): number
}

/** Loads the program under the session and names its streams by its exports. Nothing is sent yet. The session stays the ambient one. */
export async function defineProgram(
  session: Session & Naming,
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
