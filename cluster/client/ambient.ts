/**
 * The session that `import { readStream } from "rivulet"` means: the one that `rivulet run`, `submit`, `replay` or the shell has
 * opened. Set once a process or thread, by whoever runs the program; nothing inside the library reads it.
 */

import { RivuletError } from "../../engine/errors.js"
import type { Session } from "../../engine/fluent/session-types.js"

const key = Symbol.for("rivulet.session")
/** On the global object: a program may reach the library by another path than the one who runs it. */
const place = globalThis as { [key]?: Session | null }

/** Gives the one that it was. */
export function setSession(session: Session | null): Session | null {
  const before = place[key] ?? null
  place[key] = session
  return before
}

/** Throws (code 2) when no command has opened one. */
export function currentSession(): Session {
  const session = place[key]
  if (session) return session
  throw new RivuletError("no session is open in this process", {
    code: 2,
    try: "run the file with `rivulet run` or `rivulet submit`; in a program of your own: const { readStream } = await connect()",
  })
}
