/** Cells from stdin or `-e`, one after the other, in plain lines; the first that fails ends the script unless told otherwise. */

import type { Attachment } from "../cli/attachment.js"
import { cellsOf } from "../evaluator/complete-cell.js"
import { doChaos } from "../host/chaos.js"
import { leaves } from "../leaving.js"
import { openLocalHost } from "./local-host.js"

export interface ScriptOptions {
  readonly attachment: Attachment
  readonly tz: string
  readonly user: string
  readonly keepGoing: boolean
}

/** True when every cell succeeded. Values go to stdout, errors and stamps to stderr. */
export async function runScript(text: string, options: ScriptOptions): Promise<boolean> {
  const { host, close } = await openLocalHost({
    ...options,
    emit: event => {
      if (event.kind === "chaos")
        doChaos(options.attachment.cluster, event.order, lines => process.stderr.write(lines.map(({ text }) => `${text}\n`).join("")))
      if (event.kind !== "print") return
      const isError = event.lines.some(line => line.style === "error")
      for (const line of event.lines) (isError || line.style === "dim" ? process.stderr : process.stdout).write(`${line.text}\n`)
    },
  })
  try {
    host.start()
    let ok = true
    for (const cell of cellsOf(text)) {
      if (leaves(cell)) break
      ok = (await host.runCell(cell)) && ok
      if (!ok && !options.keepGoing) return false
    }
    return ok
  } finally {
    await close()
  }
}
