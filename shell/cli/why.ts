import { findStream } from "../host/find-stream.js"
import { whyLines } from "../host/why-view.js"
import { localZone, withSession } from "./attach.js"
import { lineFormat, toJson, write } from "./output.js"

export interface WhyOptions {
  readonly master?: string
  readonly o?: string
  readonly tz?: string
}

/** `rivulet why`: the causes of a stream's being held, late or slow, the greatest first. */
export async function why(stream: string, options: WhyOptions): Promise<void> {
  const format = options.o === undefined ? "table" : lineFormat(options.o, process.stdout.isTTY)
  await withSession(options, async session => {
    const infos = await session.streams()
    const { program, name } = findStream(infos, stream)
    if (format !== "table") {
      const { state, findings } = await session.stream(`${program}/${name}`).why()
      if (format === "json") return write(`${toJson({ stream: `${program}/${name}`, state, findings })}\n`)
      return write(findings.map(one => `${toJson(one)}\n`).join(""))
    }
    const tz = options.tz ?? (process.stdout.isTTY ? localZone() : "UTC")
    const lines = await whyLines(
      { session, tz, now: () => session.clock.now(), streamInfo: async asked => findStream(infos, asked) },
      `${program}/${name}`,
    )
    return write(`${lines.map(({ text }) => text).join("\n")}\n`)
  })
}
