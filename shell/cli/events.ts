/** `rivulet events`: what happened in the cluster, oldest first; with `--follow` what happens from now on. */
import { setTimeout as wait } from "node:timers/promises"
import type { EventEntry } from "../../cluster/protocol.js"
import { RivuletError } from "../../engine/errors.js"
import { nearest } from "../../engine/nearest.js"
import { eventKinds, eventRow, pastLine, usualKinds } from "../host/event-line.js"
import { findStream } from "../host/find-stream.js"
import { pastLines } from "../host/past-lines.js"
import { localZone, withSession } from "./attach.js"
import { duration } from "./options.js"
import { outputFormat, render, toJson, write } from "./output.js"

export interface EventsOptions {
  readonly master?: string
  readonly o?: string
  readonly tz?: string
  readonly last?: string
  readonly kind?: readonly string[]
  readonly all?: boolean
  readonly follow?: boolean
}

/** So often is looked what has happened since. */
const followMs = 500

export async function events(stream: string | undefined, options: EventsOptions): Promise<void> {
  const format = options.o === undefined ? "table" : outputFormat(options.o, process.stdout.isTTY)
  const lastMs = duration(options.last ?? "1h", "--last")
  const kinds = kindsOf(options.kind ?? [], options.all ?? false)
  await withSession(options, async session => {
    const info = stream === undefined ? undefined : findStream(await session.streams(), stream)
    const of = info === undefined ? null : `${info.program}/${info.name}`
    const tz = options.tz ?? (process.stdout.isTTY ? localZone() : "UTC")
    const lineOf = (entry: EventEntry) => (format === "table" ? pastLine(entry, tz, session.clock.now()).text : toJson(eventRow(entry)))
    let found = await session.events({ after: 0, sinceMs: session.clock.now() - lastMs, kinds, stream: of })
    if (options.follow !== true && format !== "table") return write(await render(found.map(eventRow), format, { width: 0 }))
    if (options.follow !== true && options.kind === undefined)
      return write(
        pastLines(found, tz, session.clock.now())
          .map(({ text }) => `${text}\n`)
          .join(""),
      )
    let newest: EventEntry | undefined
    for (;;) {
      // A master that was started again tells of what was before it, which is known.
      const fresh = found.filter(entry => newest === undefined || epochOf(entry) === epochOf(newest) || entry.wallMs > newest.wallMs)
      await write(fresh.map(entry => `${lineOf(entry)}\n`).join(""))
      if (options.follow !== true) return
      newest = found.at(-1) ?? newest
      await wait(followMs)
      found = await session.events({ after: newest?.sequence ?? 0, sinceMs: 0, kinds, stream: of })
    }
  })
}

const epochOf = ({ sequence }: EventEntry): number => Math.floor(sequence / 1e9)

/** Without a word all but what happens all the time. Throws a RivuletError of code 2 that names what is meant. */
export function kindsOf(asked: readonly string[], all: boolean): readonly string[] {
  if (asked.length === 0) return all ? eventKinds : usualKinds
  return asked
    .flatMap(text => text.split(","))
    .map(word => {
      if (eventKinds.some(kind => kind === word)) return word
      const near = nearest(word, eventKinds)
      throw new RivuletError(`${word} is no kind of event`, { code: 2, try: near ?? eventKinds.join(", ") })
    })
}
