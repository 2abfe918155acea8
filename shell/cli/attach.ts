/** Attaches a command to its master: a session, and the same exit whatever happens. */
import { userInfo } from "node:os"
import type { ClientSession } from "../../cluster/client/session.js"
import { setting } from "./config.js"
import { Ending } from "./ending.js"
import { connectTimeoutMs, masterAddress, sessionSettings } from "./options.js"
import { someoneListens } from "./reachable.js"

export interface AttachOptions {
  readonly master?: string
  readonly tz?: string
  /** The master refuses what changes anything, and functions beyond the subset that is understood. */
  readonly readOnly?: boolean
  /** Whose streams what is defined here will be: a program's name, or the user for scratch. */
  readonly program?: string
  /** It is a program that may run already: see `SessionOptions`. */
  readonly continues?: boolean
}

/** The name of the person at this machine: owner of what is defined on loopback. */
export function userName(): string {
  return process.env.USER ?? userInfo().username
}

export function localZone(): string {
  return (setting("tz")?.value as string | undefined) ?? Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** Errors: code 2 for an absurd address, 3 within two seconds for a name that no cluster has, or when no master answers there. */
export async function attach(options: AttachOptions): Promise<ClientSession> {
  const master = masterAddress(options.master)
  await someoneListens(master, connectTimeoutMs())
  const { connect } = await import("../../cluster/client/session.js")
  return connect(master, {
    user: userName(),
    program: options.program ?? userName(),
    timeoutMs: connectTimeoutMs(),
    ...sessionSettings(),
    ...(options.continues && { continues: true }),
    ...(options.readOnly && { readOnly: true }),
    tz: options.tz ?? (process.stdout.isTTY ? localZone() : "UTC"),
  })
}

/** Runs `work` with a session and closes it; before that what `work` has added to the ending. Ctrl-C ends with 130, SIGTERM with 143. */
export async function withSession<T>(options: AttachOptions, work: (session: ClientSession, ending: Ending) => Promise<T>): Promise<T> {
  const ending = new Ending()
  try {
    const session = await attach(options)
    ending.add(() => session.close())
    return await work(session, ending)
  } finally {
    await ending.run()
  }
}
