import { type Duration, formatTime } from "../../engine/time.js"
import { printable } from "../view/table.js"
import { withSession } from "./attach.js"
import { lineFormat, toJson, write } from "./output.js"

export interface LogsOptions {
  readonly master?: string
  readonly o?: string
  /** Goes on with what comes. */
  readonly follow?: boolean
  /** A span: `5m`. An hour unless given. */
  readonly since?: string
}

/** `rivulet logs`: what functions printed, oldest first. */
export async function logs(stream: string | undefined, options: LogsOptions): Promise<void> {
  const format = lineFormat(options.o, process.stdout.isTTY)
  await withSession(options, async session => {
    const last = options.since?.replace(/^-/, "") as Duration | undefined
    const filter = { ...(stream !== undefined && { stream }), ...(last !== undefined && { last }), follow: options.follow === true }
    for await (const line of session.logs(filter)) {
      const where = [line.stream, line.partition === undefined ? "" : `partition ${line.partition}`, line.worker].filter(Boolean).join(" ")
      await write(
        format === "table"
          ? `${formatTime(line.time, "UTC", { nowMs: Date.now() })} ${where}  ${line.text.split("\n").map(printable).join("\n")}${line.repeated > 1 ? ` (× ${line.repeated})` : ""}\n`
          : `${toJson(line)}\n`,
      )
    }
  })
}
