/** `.help`: made from the tables of commands and keys, and a sentence with an example for each word of the API that people ask. */

import { RivuletError } from "../../../engine/errors.js"
import { keyTable } from "../../editor/keys.js"
import type { Inspection, StyledLine } from "../../session.js"
import { type DotCommand, line } from "./command.js"

/** A command that the screen itself carries out. */
export interface ScreenCommand {
  readonly name: string
  readonly usage: string
  readonly help: string
}

const words: Readonly<Record<string, string>> = {
  slice:
    "stream.slice(from, to): of a record stream, one RDD of all its records in [from, to); of a snapshot stream, its versions in time order, an action gives one result a version. Half-open: to is not in it.",
  at: 'stream.at(time): how things stood at the end of the interval that holds time. counts.at("21:05").top(10)',
  changes:
    'state.changes(from, to): keys whose state differs between the two times: { key, before, after, delta }. counts.changes("-5m").top(5, c => c.delta)',
  get: 'state.get(key, at?): one key\'s state. counts.get("/search")',
  window: 'stream.window(length, slide?): the records of the last length, each interval. views.window("1m").count()',
  reduceByWindow:
    'pairs.reduceByWindow(length, f, inverse?, slide?): views.map(v => [v.url, 1]).reduceByWindow("30s", (a, b) => a + b, (a, b) => a - b)',
  runningReduce: "pairs.runningReduce(f): the reduction of each key's values since the start: a state.",
  join: "pairs.join(other): keys in both, [key, [left, right]]. other may be a stream of the same interval, a state, or an RDD (textFile, parallelize).",
  aside:
    'input.aside: what came into no interval, { record, reason, error, operator, interval }. reason: "parse" (the format does not take the line), "late" (its interval was closed), "threw" (a function did, and .resume <stream> record went on without it). views.aside, views.aside.last("10m").countByValue()',
  readStream:
    'readStream(name, interval, { format }): records that `rivulet send name` sends, or readStream("file:logs/*.log", …). Formats: text, combined, json, csv, or a function of a line.',
  textFile:
    'textFile(paths): lines of files on the workers\' machines, as an RDD. textFile("old/*.log").filter(l => l.includes("error")).count()',
  parquetFile:
    'parquetFile(paths): rows of Parquet files on the workers\' machines, as an RDD of objects. parquetFile("old/counts/*.parquet").count()',
}

/** What is known of the word at the cursor without types. */
export function helpAt(text: string, cursor: number): Inspection | null {
  const before = /[\w$]*$/.exec(text.slice(0, cursor))![0]
  const word = words[before + /^[\w$]*/.exec(text.slice(cursor))![0]]
  return word === undefined ? null : { brief: [word], all: [word] }
}

/** Commands of a kind, as `.help` lists them. */
export interface CommandGroup {
  readonly title: string
  readonly commands: readonly (DotCommand | ScreenCommand)[]
}

export function help(topic: string, groups: readonly CommandGroup[], columns: number): StyledLine[] {
  if (topic === "keys") {
    const width = Math.max(...keyTable.map(row => row.keys.join(", ").length))
    return keyTable.map(row => line(`  ${row.keys.join(", ").padEnd(width)}   ${row.help}`))
  }
  if (topic === "") {
    const sections = groups.flatMap(({ title, commands }) =>
      commands.flatMap((row, i) => rowLines(i === 0 ? title : "", row.usage, row.help, columns)),
    )
    return [
      ...sections,
      ...rowLines("more", ".help keys|<command>|<word>", `words: ${Object.keys(words).join(" ")}; name? says what it is`, columns),
    ]
  }
  const name = topic.replace(/^\./, "")
  const command = groups.flatMap(({ commands }) => commands).find(row => row.name === name)
  if (command) return [line(`  ${command.usage}   ${command.help}${"code" in command && command.code ? `   ≡   ${command.code}` : ""}`)]
  const word = words[topic]
  if (word) return [line(`  ${word}`)]
  throw new RivuletError(`no help on ${topic}`, { code: 2, try: `.help, or one of ${Object.keys(words).join(", ")}` })
}

const titleWidth = 12
const usageWidth = 30

/** A command in its columns: what it does is wrapped below itself, and stands below a usage that has no room beside it. */
function rowLines(title: string, usage: string, text: string, columns: number): StyledLine[] {
  const lead = columns >= 90 ? `  ${title.padEnd(titleWidth)}` : "  "
  const indent = lead.length + usageWidth
  const first = `${lead}${usage.padEnd(usageWidth)}`
  const rows = wrapped(text, Math.max(20, columns - indent - 1))
  const under = rows.map(row => `${" ".repeat(indent)}${row}`)
  if (usage.length > usageWidth - 2) return [first.trimEnd(), ...under].map(row => line(row))
  return [`${first}${rows[0] ?? ""}`, ...under.slice(1)].map(row => line(row))
}

function wrapped(text: string, width: number): string[] {
  const rows: string[] = []
  for (const word of text.split(" ")) {
    const last = rows.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) rows[rows.length - 1] = `${last} ${word}`
    else rows.push(word)
  }
  return rows
}
