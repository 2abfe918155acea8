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
  readStream:
    'readStream(name, interval, { format }): records that `rivulet send name` sends, or readStream("file:logs/*.log", …). Formats: text, combined, json, csv, or a function of a line.',
  textFile:
    'textFile(paths): lines of files on the workers\' machines, as an RDD. textFile("old/*.log").filter(l => l.includes("error")).count()',
}

/** What is known of the word at the cursor without types. */
export function helpAt(text: string, cursor: number): Inspection | null {
  const before = /[\w$]*$/.exec(text.slice(0, cursor))![0]
  const word = words[before + /^[\w$]*/.exec(text.slice(cursor))![0]]
  return word === undefined ? null : { brief: [word], all: [word] }
}

export function help(topic: string, commands: readonly DotCommand[], screen: readonly ScreenCommand[]): StyledLine[] {
  if (topic === "keys") return keyTable.map(row => line(`  ${row.keys.join(", ").padEnd(24)}${row.help}`))
  if (topic !== "") {
    const name = topic.replace(/^\./, "")
    const command = commands.find(row => row.name === name)
    if (command) return [line(`  ${command.usage}   ${command.help}${command.code ? `   ≡   ${command.code}` : ""}`)]
    const own = screen.find(row => row.name === name)
    if (own) return [line(`  ${own.usage}   ${own.help}`)]
    const word = words[topic]
    if (word) return [line(`  ${word}`)]
    throw new RivuletError(`no help on ${topic}`, { code: 2, try: `.help, or one of ${Object.keys(words).join(", ")}` })
  }
  return [
    ...commands.map(row => line(`  ${row.usage.padEnd(30)}${row.help}${row.code ? `   ≡   ${row.code}` : ""}`)),
    ...screen.map(row => line(`  ${row.usage.padEnd(30)}${row.help}`)),
    line(`  .help ${Object.keys(words).join("|")}   ·   .help keys`, "dim"),
  ]
}
