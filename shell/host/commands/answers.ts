/** Answers that are there already: shown again, drawn, written to a file. */
import { RivuletError } from "../../../engine/errors.js"
import { handleData } from "../../../engine/fluent/brand.js"
import { chartFile, chartFileEnding } from "../../view/chart-file.js"
import type { CommandHost } from "../command-host.js"
import { drawable } from "../course.js"
import { chartText, drawnOf, stampOf, valueLines } from "../display.js"
import { writeAnswer, writeNew } from "../kept-answers.js"
import { type DotCommand, line } from "./command.js"

export const answerCommands: readonly DotCommand[] = [
  {
    name: "last",
    usage: ".last [n]",
    help: "the last answer again, or Out[n], whole",
    code: "_",
    run: (host, args) => {
      const { value, rows, stamp, name } = host.answers.find(args.trim())
      const shown = valueLines(
        rows.length > 1 || handleData(value) !== undefined ? rows : value,
        { tz: host.tz, width: host.columns, now: () => host.now() },
        wholeRows,
      )
      return stamp ? [...shown.lines, named(stampOf(stamp, { tz: host.tz, now: () => host.now() }, shown.shown), name)] : shown.lines
    },
  },
  {
    name: "plot",
    usage: ".plot [expression] [file.svg|.html|.vl.json]",
    help: "a series as a line, pairs and buckets as bars, a stream as it went or stands; into a file: a picture, a page, a Vega-Lite specification",
    run: plot,
  },
  {
    name: "write",
    usage: ".write [n] <file>",
    help: "the last answer, or Out[n], as .csv, .json, .ndjson, .arrow, .parquet or .txt",
    run: async (host, args) => {
      const [which, path] = /^(?:(\S+)\s+)?(\S+)$/.exec(args.trim())?.slice(1) ?? []
      if (path === undefined) throw new RivuletError(".write where?", { code: 2, try: ".write counts.csv" })
      const rows = await writeAnswer(host.answers.find(which ?? ""), path)
      return [line(`  ${rows} rows in ${path}`, "dim")]
    },
  },
]

const wholeRows = 1_000

async function plot(host: CommandHost, args: string) {
  const last = /\S*$/.exec(args.trim())![0]
  const path = chartFileEnding.test(last) ? last : undefined
  const expression = path === undefined ? args.trim() : args.trim().slice(0, -path.length).trim()
  const asked = expression === "" ? host.answers.find("") : undefined
  // Of a handle that was shown, what was shown of it: nothing is asked again.
  const value =
    asked === undefined ? await drawable(await host.value(expression)) : handleData(asked.value) ? asked.rows : await asked.value
  const context = { tz: host.tz, width: host.columns, now: () => host.now() }
  const chart = drawnOf(value, context)
  if (chart === undefined)
    throw new RivuletError(`${expression === "" ? "the last answer" : expression} is neither numbers nor pairs with a number`, {
      code: 2,
      try: '.plot counts.slice("-1m").count(), .plot counts.top(10), .plot views.count()',
    })
  const lines = chartText(chart, context)
  if (path === undefined) return host.draw(chart, expression, lines)
  writeNew(path, await chartFile(path, chart, asked?.name ?? expression, host.tz))
  return [line(`  drawn in ${path}`, "dim")]
}

function named(stamp: ReturnType<typeof line>, name: string): ReturnType<typeof line> {
  return { ...stamp, text: `${stamp.text} · ${name}` }
}
