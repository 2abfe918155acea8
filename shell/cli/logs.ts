import { formatTime } from "../../engine/time.js"
import { withSession } from "./attach.js"
import { outputFormat, toJson, write } from "./output.js"

/** `rivulet logs`: what functions printed, oldest first. */
export async function logs(stream: string | undefined, options: { readonly master?: string; readonly o?: string }): Promise<void> {
  const format = outputFormat(options.o, process.stdout.isTTY)
  await withSession(options, async session => {
    for await (const line of session.logs(stream === undefined ? {} : { stream })) {
      const where = [line.stream, line.partition === undefined ? "" : `partition ${line.partition}`, line.worker].filter(Boolean).join(" ")
      await write(
        format === "table"
          ? `${formatTime(line.time, "UTC", { nowMs: Date.now() })} ${where}  ${line.text}${line.repeated > 1 ? ` (× ${line.repeated})` : ""}\n`
          : `${toJson(line)}\n`,
      )
    }
  })
}
