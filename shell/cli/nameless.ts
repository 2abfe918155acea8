/** What a command's expression alone has begun: when the command is done nobody has a name to ask it by. */
import type { ClientSession } from "../../cluster/client/session.js"
import type { StreamDefinition } from "../../engine/definition.js"
import { userName } from "./attach.js"

/** For the way there and back of what nobody waits for. */
const stopMs = 2_000

/**
 * Stops those of this session's streams without a name of which this holds. What something else is made of stays, or what another's command has asked for, too, and so does all if the master does not
 * answer any more: it is scratch, and ends as such.
 */
export async function stopNameless(
  { calls, host }: ClientSession,
  which: (definition: StreamDefinition) => boolean = () => true,
): Promise<void> {
  const streams = host.definitions
    .given()
    .filter(one => !one.named && which(one))
    .map(({ id }) => id)
  if (streams.length === 0) return
  const leaving = host.definitions.author.session
  const body = { kind: "stop", streams, cascade: false, by: userName(), force: false, leaving } as const
  await calls.call({ kind: "request", body }, { signal: AbortSignal.timeout(stopMs) }).catch(() => {})
}
