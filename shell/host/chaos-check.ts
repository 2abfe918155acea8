/** What a killed worker has changed: nothing. When it is back, a state is made once more from its lineage, and compared by its bytes. */
import type { ClientSession } from "../../cluster/client/session.js"
import type { StreamInfo } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import type { StyledLine } from "../session.js"
import { type Recomputed, recompute } from "./recompute.js"

interface Place {
  readonly session: ClientSession
  readonly tz: string
  now(): number
  print(lines: readonly StyledLine[]): void
}

/** Prints a line when the worker has joined again. None where there is no state, or nothing is held of it to compare with. */
export function checkWhenBack(worker: string, place: Place): void {
  const { session } = place
  const deaf = session.calls.onPush(push => {
    if (push.kind !== "event" || push.event.kind !== "workerJoined" || push.event.name !== worker) return
    deaf()
    checkLines(place).then(
      lines => place.print(lines),
      // Nobody has asked for it: what is stopped or forgotten meanwhile is not compared.
      () => {},
    )
  })
}

async function checkLines(place: Place): Promise<StyledLine[]> {
  const stream = newestState(await place.session.streams({ state: "running" }))
  if (stream === undefined) return []
  const made = await recompute(place.session, `${stream.program}/${stream.name}`)
  const differing = made.filter(({ compared }) => compared.kind === "differs")
  const same = made.filter(({ compared }) => compared.kind === "same").length
  if (same + differing.length === 0) return []
  const what = `checked: ${stream.name} at ${formatTime(made[0]!.recipe.interval.from, place.tz, { nowMs: place.now() })}`
  const [first] = differing
  if (first !== undefined) return [{ text: `● ${what} DIFFERS from what is made again · .recompute ${nameOf(first)}`, style: "error" }]
  const partitions = `${same} partition${same === 1 ? "" : "s"}`
  return [{ text: `● ${what} made again from its lineage: the same bytes (${partitions})`, style: "dim" }]
}

/** The newest of those that have a name. */
function newestState(streams: readonly StreamInfo[]): StreamInfo | undefined {
  const states = streams.filter(({ kind, name }) => kind === "state" && !name.includes("@"))
  return states.reduce<StreamInfo | undefined>(
    (newest, one) => (newest === undefined || one.since > newest.since ? one : newest),
    undefined,
  )
}

function nameOf({ recipe }: Recomputed): string {
  return `${recipe.stream}@${new Date(recipe.interval.from).toISOString()}/${recipe.partition}`
}
