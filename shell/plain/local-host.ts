/** A shell host in this thread: for scripts, the plain shell and anything that needs no screen. */
import { connect } from "../../cluster/client/session.js"
import type { Attachment } from "../cli/attachment.js"
import { sessionSettings } from "../cli/options.js"
import { ShellHost } from "../host/host.js"
import { withPlainSignals } from "../host/loop-guard.js"
import { Paths } from "../host/paths.js"
import type { HostEvent } from "../host/port.js"

export interface LocalHostOptions {
  readonly attachment: Attachment
  readonly tz: string
  readonly user: string
  readonly emit: (event: HostEvent) => void
}

export async function openLocalHost(options: LocalHostOptions): Promise<{ readonly host: ShellHost; close(): Promise<void> }> {
  await options.attachment.demo?.ready
  const paths = new Paths()
  const session = await connect(options.attachment.address, {
    resolvePath: paths.resolve,
    user: options.user,
    program: options.user,
    tz: options.tz,
    ...sessionSettings(),
    ...(options.attachment.readOnly && { readOnly: true }),
  })
  const host = new ShellHost({
    session,
    paths,
    tz: options.tz,
    columns: process.stdout.columns ?? 100,
    embedded: options.attachment.cluster !== undefined,
    address: options.attachment.address,
    emit: options.emit,
    around: withPlainSignals,
  })
  return {
    host,
    close: async () => {
      await host.close()
      await session.close()
    },
  }
}
