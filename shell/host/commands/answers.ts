/** Answers that are there already: shown again, drawn, written to a file. */
import { RivuletError } from "../../../engine/errors.js"
import { formatTime } from "../../../engine/time.js"
import { chartOf } from "../../view/chart.js"
import { chartFile, chartFileEnding } from "../../view/chart-file.js"
import { cellText } from "../../view/table.js"
import type { CommandHost } from "../command-host.js"
import { chartText, stampOf, valueLines } from "../display.js"
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
      const shown = valueLines(rows.length > 1 ? rows : value, { tz: host.tz, width: host.columns, now: () => host.now() }, wholeRows)
      return stamp ? [...shown.lines, named(stampOf(stamp, { tz: host.tz, now: () => host.now() }, shown.shown), name)] : shown.lines
    },
  },
  {
    name: "plot",
    usage: ".plot [expression] [file.svg|.html|.vl.json]",
    help: "a series as a line, pairs and buckets as bars; into a file: a picture, a page, a Vega-Lite specification",
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
  const value = expression === "" ? host.answers.find("").value : await host.value(expression)
  const settled = await value
  const context = { tz: host.tz, width: host.columns, now: () => host.now() }
  const lines = chartText(settled, context)
  const what = expression === "" ? "the last answer" : expression
  if (lines.length === 0)
    throw new RivuletError(`${what} is neither numbers nor pairs with a number`, {
      code: 2,
      try: '.plot counts.slice("-1m").count(), .plot counts.latest().top(10)',
    })
  const time = (ms: number) => formatTime(ms, host.tz, { nowMs: host.now() })
  const chart = chartOf(settled, key => cellText(key, { formatTime: at => time(at.getTime()) }))!
  if (path === undefined) return host.draw(chart, expression, lines)
  writeNew(path, await chartFile(path, chart, expression === "" ? host.answers.find("").name : expression, host.tz))
  return [line(`  drawn in ${path}`, "dim")]
}

function named(stamp: ReturnType<typeof line>, name: string): ReturnType<typeof line> {
  return { ...stamp, text: `${stamp.text} · ${name}` }
}
