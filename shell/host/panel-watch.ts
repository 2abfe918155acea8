/** `watch(stream)` in a cell of a shell that has panels: `.watch` as code. What has its own end or rhythm prints, as elsewhere. */
import type { ClientSession } from "../../cluster/client/session.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { SnapshotDStream, Watch } from "../../engine/fluent/types.js"
import type { Panels } from "./panels.js"
import type { WatchedOnly } from "./watched-only.js"

const opened = new WeakSet<object>()

/** Whether a value is a panel that a cell has opened. */
export function isPanelWatch(value: unknown): boolean {
  return typeof value === "object" && value !== null && opened.has(value)
}

/** `failed` hears why a panel could not be opened: the cell is done by then. */
export function panelWatch(
  session: ClientSession,
  panels: Panels,
  watchedOnly: Pick<WatchedOnly, "before" | "shows">,
  failed: (error: unknown) => void,
): ClientSession["watch"] {
  return (what, options = {}): Watch => {
    if (handleData(what)?.kind !== "stream" || options.every !== undefined || options.until !== undefined)
      return session.watch(what, options)
    const stream = what as unknown as SnapshotDStream<unknown>
    const name = options.name ?? titleOf(stream)
    const { before } = watchedOnly
    const open = session.flush().then(() => panels.open(name, titleOf(stream), stream))
    // Noted when the panel holds it: noted before, it could end with the cell.
    open.then(
      () => watchedOnly.shows(stream, before),
      () => {},
    )
    open.catch(failed)
    const watch: Watch = {
      name,
      stop: async () => {
        await open.catch(() => {})
        panels.close(name)
      },
    }
    opened.add(watch)
    return watch
  }
}

/** `counts.top(5)` of `watch(counts.top(5), { name: "hottest" })`. */
function titleOf(stream: { readonly name: string; readonly definition?: { readonly source: string } }): string {
  const source = stream.definition?.source ?? ""
  const call = /\bwatch\(\s*([\s\S]+?)\s*(?:,\s*\{[^{}]*\})?\s*\)\s*;?\s*$/.exec(source)
  return call && !call[1]!.includes("\n") ? call[1]! : stream.name
}
