/** The shell's host for a single command: what cells print goes to stderr, so that stdout is the answer alone. */
import type { ClientSession } from "../../cluster/client/session.js"
import { ShellHost } from "../host/host.js"
import { withPlainSignals } from "../host/loop-guard.js"

export function quietHost(session: ClientSession): ShellHost {
  return new ShellHost({
    session,
    tz: session.tz,
    columns: process.stderr.columns ?? 100,
    embedded: false,
    around: withPlainSignals,
    emit: event => {
      if (event.kind === "print") process.stderr.write(event.lines.map(line => `${line.text}\n`).join(""))
    },
  })
}
