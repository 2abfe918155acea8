/** Why something is as it is: causes, errors, records, stamps. */

import { RivuletError } from "../../../engine/errors.js"
import type { TaskFailure } from "../../../engine/task.js"
import { formatTime } from "../../../engine/time.js"
import type { StyledLine } from "../../session.js"
import { printable } from "../../view/table.js"
import type { CommandHost } from "../command-host.js"
import { errorLines } from "../error-view.js"
import { recompute, recomputedLines } from "../recompute.js"
import { whyLines } from "../why-view.js"
import { type DotCommand, line } from "./command.js"

export const understandCommands: readonly DotCommand[] = [
  {
    name: "why",
    usage: ".why [stream]",
    help: "what holds a stream or makes it late: causes with shares, and what to try",
    code: "stream.why()",
    run: (host, args) => whyLines(host, args.trim()),
  },
  {
    name: "record",
    usage: ".record",
    help: "the record at which the last error happened, whole",
    run: host => {
      const record = (host.lastError as { readonly failure?: TaskFailure } | undefined)?.failure?.record
      return [record === undefined ? line("  (the last error had no record)", "dim") : line(`  ${printable(record)}`)]
    },
  },
  {
    name: "error",
    usage: ".error [full]",
    help: "the last error again; full: with its stack",
    run: (host, args) => {
      const how = args.trim()
      if (how !== "" && how !== "full")
        throw new RivuletError(`.error shows this shell's last error, not one of ${how}`, { code: 2, try: `.why ${how}, or .error full` })
      if (host.lastError === undefined) return [line("  (no error yet)", "dim")]
      if (how === "") return errorLines(host.lastError, ms => formatTime(ms, host.tz, { nowMs: host.now() }), host.columns)
      return (host.lastError.stack ?? host.lastError.message).split("\n").map(text => line(`  ${text}`, "error"))
    },
  },
  {
    name: "recompute",
    usage: ".recompute <stream>[@time[/partition]]",
    help: "makes an interval's partitions once more, here, from what the workers hold, and compares the bytes with what they made",
    run: async (host, args) => recomputedLines(await recompute(host.session, args), host),
  },
  { name: "stamp", usage: ".stamp", help: "the last answer's stamp, whole", run: host => lastStamp(host) },
]

function lastStamp(host: CommandHost): StyledLine[] {
  const stamp = host.lastStamp ?? host.answers.lastStamp
  return stamp ? [line(`  ${JSON.stringify(stamp)}`)] : [line("  (no answer yet)", "dim")]
}
