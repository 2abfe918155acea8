/** `rivulet diff`: two runs, interval by interval or by longer ones. */

import { statSync } from "node:fs"
import { resolve } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import { formatDuration } from "../../engine/time.js"
import { formatNumber } from "../view/number.js"
import { type Compared, compareTarget, type Opened, openTarget, type Target } from "./compare.js"
import { Ending } from "./ending.js"
import { compareSides, type RowsApart, type Side } from "./interval-diff.js"
import { compareTotals, type TotalsDifference } from "./interval-totals.js"
import { duration, share } from "./options.js"
import { lineFormat, toJson, write } from "./output.js"

export interface DiffOptions {
  readonly o?: string
  readonly by?: string
  readonly tolerance?: string
}

/** What is given on the command line: all streams of a run, or one of them. */
export interface Given {
  readonly target: Target
  readonly stream?: string
}

/** `nov/`, `nov/counts`, `tcp://127.0.0.1:7077`, `shop:counts`, `shop:page-views/counts`. RivuletError (2) for what is neither. */
export function given(text: string): Given {
  const [, directory, saved] = /^(.*?)\/?([^/]+)$/.exec(text) ?? []
  const there = (path: string) => statSync(resolve(path), { throwIfNoEntry: false })
  if (saved !== undefined && there(text) === undefined && there(`${text}.ndjson`) !== undefined)
    return { target: compareTarget(directory === "" ? (text.startsWith("/") ? "/" : ".") : directory!), stream: saved }
  const [, master, live] = there(text) === undefined ? (/^(.+):((?:[\w.-]+\/)?[\p{L}_$][\p{L}\p{N}_$]*)$/u.exec(text) ?? []) : []
  return live === undefined ? { target: compareTarget(text) } : { target: compareTarget(master!), stream: live }
}

/** Exit 1 when any interval differs. */
export async function diff(one: string, other: string, options: DiffOptions): Promise<void> {
  const format = lineFormat(options.o, process.stdout.isTTY)
  const tolerance = options.tolerance === undefined ? 0 : share(options.tolerance, "--tolerance")
  const byMs = options.by === undefined ? undefined : duration(options.by, "--by")
  if (byMs === 0) throw new RivuletError(`--by ${options.by}: nothing lies in it`, { code: 2, try: "--by 1d" })
  const [left, right] = [given(one), given(other)]
  const ending = new Ending()
  try {
    const a = await openTarget(left.target, null)
    ending.add(() => a.close())
    const b = await openTarget(right.target, null)
    ending.add(() => b.close())
    sayPartitions([one, a], [other, b])
    const pairs = inCommon([one, a, left.stream], [other, b, right.stream])
    const compared: Compared[] = []
    const totals: ComparedTotals[] = []
    // All at once: what a live master has of the last one must not be forgotten while the first is compared.
    const opened: (readonly [string, string, Side, Side])[] = []
    for (const [stream, there] of pairs) opened.push([stream, there, (await a.side(stream))!, (await b.side(there))!])
    for (const [stream, there, ...sides] of opened) {
      if (byMs === undefined) compared.push({ stream, ...(await compareSides(...sides, tolerance)) })
      else {
        const versions = a.versions(stream) ?? b.versions(there)
        if (versions === undefined) throw unknownKind(one, other, stream)
        totals.push({ stream, by: formatDuration(byMs), ...(await compareTotals(...sides, { byMs, versions, tolerance })) })
      }
    }
    const found = byMs === undefined ? compared : totals
    const text = byMs === undefined ? comparedText(compared) : totalsText(totals)
    await write(format === "table" ? text : found.map(row => `${toJson(row)}\n`).join(""))
    if (found.some(({ differ }) => differ > 0)) process.exitCode = 1
    refuseNothing(found)
  } finally {
    await ending.run()
  }
}

/** RivuletError (1) when all that there is was left out: who asks whether two runs are the same must not take that for a yes. */
export function refuseNothing(found: readonly { readonly same: number; readonly differ: number; readonly leftOut: number }[]): void {
  const leftOut = found.reduce((sum, one) => sum + one.leftOut, 0)
  if (leftOut === 0 || found.some(({ same, differ }) => same + differ > 0)) return
  throw new RivuletError(`nothing was compared: of ${formatNumber(leftOut)} intervals only one side can speak`, {
    code: 1,
    try: "two runs over the same time",
  })
}

function unknownKind(one: string, other: string, stream: string): RivuletError {
  return new RivuletError(`${one} and ${other} do not say whether ${stream} is a state, of which the last version in an interval counts`, {
    code: 2,
    try: "make one of them again with --save: it is noted there now; or leave --by out",
  })
}

/** The streams of each side that are compared with each other. RivuletError (2): there are none. */
function inCommon(
  [one, a, stream]: readonly [string, Opened, string | undefined],
  [other, b, there]: readonly [string, Opened, string | undefined],
): readonly (readonly [string, string])[] {
  for (const [text, side, name] of [
    [one, a, stream],
    [other, b, there],
  ] as const)
    if (name !== undefined && side.meant(name).length === 0)
      throw new RivuletError(`${text}: there is no ${name}`, { code: 2, try: `one of ${side.names.join(", ") || "none"}` })
  if (stream !== undefined && there !== undefined) {
    checkOne(one, a, stream)
    checkOne(other, b, there)
    return [[stream, there]]
  }
  const asked = stream ?? there
  const names = a.names.filter(name => b.names.includes(name) && (asked === undefined || asked === name))
  if (names.length === 0)
    throw new RivuletError(
      `${one} has ${a.names.join(", ") || "nothing"}, ${other} has ${b.names.join(", ") || "nothing"}: no stream in common`,
      { code: 2, try: "two runs of the same program" },
    )
  for (const name of names) {
    checkOne(one, a, name)
    checkOne(other, b, name)
  }
  if (asked === undefined)
    for (const name of [...a.names, ...b.names]) if (!names.includes(name)) process.stderr.write(`only one side has ${name}\n`)
  return names.map(name => [name, name])
}

function checkOne(text: string, side: Opened, name: string): void {
  const meant = side.meant(name)
  if (meant.length <= 1) return
  throw new RivuletError(`${text}: ${name} is in ${meant.length} programs: ${meant.join(", ")}`, {
    code: 2,
    try: `<dir>/${name} <master>:${meant[0]}`,
  })
}

function sayPartitions([one, a]: readonly [string, Opened], [other, b]: readonly [string, Opened]): void {
  if (a.partitions !== undefined && b.partitions !== undefined && a.partitions !== b.partitions)
    process.stderr.write(
      `${one} was made with ${a.partitions} partitions, ${other} with ${b.partitions}: results that depend on the order of records differ\n`,
    )
}

/** A line a stream; the first differences below it. Says whether all is the same. */
export function comparedText(compared: readonly Compared[]): string {
  return compared
    .map(({ stream, same, differ, leftOut, first }) => {
      const out = leftOut > 0 ? ` · ${formatNumber(leftOut)} left out: only one side can speak of them` : ""
      const head = `${stream}   ${formatNumber(same + differ)} intervals   ${formatNumber(differ)} differ${out}\n`
      const apart = (one: RowsApart) => [`  ${new Date(one.from).toISOString()}`, ...apartRows(one).map(text => `    ${text}`)]
      return head + first.flatMap(one => apart(one).map(text => `${text}\n`)).join("")
    })
    .join("")
}

const rowsShown = 3

/** Pairs by their keys; else what each side has that the other has not. */
function apartRows({ a, b }: RowsApart): string[] {
  if (a === null || b === null) return [...sideRows("a", a), ...sideRows("b", b)]
  if (!isByKey(a) || !isByKey(b)) return [...sideRows("a", a), ...sideRows("b", b)]
  const there = new Map(b.map(([key, value]) => [JSON.stringify(key), value]))
  const here = new Map(a.map(([key, value]) => [JSON.stringify(key), value]))
  const keys = [...new Set([...here.keys(), ...there.keys()])]
  const value = (side: ReadonlyMap<string, unknown>, key: string) => (side.has(key) ? cut(JSON.stringify(side.get(key))) : "–")
  return limited(keys.map(key => `${cut(key)}   ${value(here, key)} → ${value(there, key)}`))
}

function sideRows(name: string, rows: readonly unknown[] | null): string[] {
  if (rows === null) return [`${name}  no rows`]
  return limited(rows.map(row => `${name}  ${cut(JSON.stringify(row))}`))
}

function limited(lines: readonly string[]): string[] {
  const more = lines.length - rowsShown
  return more > 0 ? [...lines.slice(0, rowsShown), `… ${formatNumber(more)} more`] : [...lines]
}

/** Each key once: what a state has. */
function isByKey(rows: readonly unknown[]): rows is readonly (readonly [unknown, unknown])[] {
  if (!rows.every(row => Array.isArray(row) && row.length === 2)) return false
  return new Set(rows.map(row => JSON.stringify((row as readonly unknown[])[0]))).size === rows.length
}

function cut(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}

export interface ComparedTotals extends TotalsDifference {
  readonly stream: string
  readonly by: string
}

const percent = (part: number): string => `${Number((part * 100).toPrecision(2))} %`

/** A line a stream; below it the first intervals that differ, with the keys that differ most. */
export function totalsText(compared: readonly ComparedTotals[]): string {
  return compared
    .map(({ stream, by, same, differ, leftOut, largest, first }) => {
      const most = largest === null ? "" : ` · largest ${percent(largest.share)}, ${new Date(largest.from).toISOString()}`
      const out = leftOut > 0 ? ` · ${formatNumber(leftOut)} left out: only one side can speak of them` : ""
      const head = `${stream}   ${formatNumber(same + differ)} intervals of ${by}   ${formatNumber(differ)} differ${most}${out}\n`
      return head + first.map(apartText).join("")
    })
    .join("")
}

function apartText({ from, share: part, keys, differing }: TotalsDifference["first"][number]): string {
  const told = keys.map(({ key, a, b }) => `${key.length > 60 ? `${key.slice(0, 60)}…` : key} ${formatNumber(a)} → ${formatNumber(b)}`)
  const more = differing > keys.length ? ` · ${formatNumber(differing - keys.length)} more` : ""
  return `  ${new Date(from).toISOString()}   ${percent(part)}   ${told.join(" · ")}${more}\n`
}
