/** A run on a master where others are, too: it takes nothing from what runs there, and leaves nothing behind. */
import type { ClientSession } from "../../cluster/client/session.js"
import type { StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { userName } from "./attach.js"

/**
 * RivuletError (4) when one of the exports is the name of what runs there: to run the program would take the name, by which readers go, and at the end
 * there would be none of it. Inputs are shared.
 */
export async function refuseRunning(
  session: ClientSession,
  { path, program }: { readonly path: string; readonly program: string },
  exported: readonly string[],
): Promise<void> {
  const running = (await session.host.catalog()).flatMap(({ definition: { name, kind, program: its } }) =>
    its === program && kind !== "input" && exported.includes(name) ? [name] : [],
  )
  if (running.length === 0) return
  throw new RivuletError(`${program} runs there already: ${running.join(", ")}`, {
    code: 4,
    try: `rivulet submit ${path} puts this version in its place; a copy of the file by another name runs beside it`,
  })
}

/** What was started here for this run is stopped. What others have made of it meanwhile stays, and is named. */
export async function stopDefined(session: ClientSession, ids: readonly StreamId[]): Promise<void> {
  const known = new Map((await session.host.catalog()).map(entry => [entry.definition.id, entry.definition]))
  const own = ids.filter(id => known.get(id)?.owner === userName())
  try {
    await session.host.request({ kind: "stop", streams: own, cascade: false, by: userName(), force: false })
  } catch (error) {
    process.stderr.write(`what the program defined goes on: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}
