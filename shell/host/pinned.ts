/**
 * `.pin`: an answer that others can ask for, as it was. The problem: an answer lives in the shell that asked; what it was made of is forgotten by the cluster.
 * The solution: a stream that is made of the answer's rows, the same in every interval, computed when it is asked. It has an owner, a name and a lease as others have.
 */
import { createHash } from "node:crypto"
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import type { DStream } from "../../engine/fluent/types.js"
import type { Value } from "../../engine/fluent/values.js"
import { formatTime } from "../../engine/time.js"
import { toJson } from "../cli/output.js"
import type { StyledLine } from "../session-types.js"
import { formatNumber } from "../view/number.js"
import type { KeptAnswers } from "./kept-answers.js"

interface Pins {
  readonly session: ClientSession
  readonly answers: KeptAnswers
  readonly address: string
  readonly tz: string
  now(): number
}

/** They lie with the master, which keeps them for good. */
const rowsAtMost = 10_000
export const pinPrefix = "pin-"

/** `3`, `Out[3]`, `3 as busiest`; empty: the last answer. Says how it is asked for, and until when. */
export async function pinLines(args: string, host: Pins): Promise<StyledLine[]> {
  const [, which = "", name] = /^\s*([\s\S]*?)(?:\s*\bas\s+([\w-]+))?\s*$/.exec(args) ?? []
  const answer = host.answers.find(which.trim())
  // Of a series' entries and the like what there is to see of them.
  const rows = answer.rows.map(row => (isEntry(row) ? { interval: { ...row.interval }, value: row.value } : row)) as Value[]
  if (rows.length === 0)
    throw new RivuletError(`${answer.name} has no rows`, { code: 2, try: ".pin counts.latest().top(10), asked before" })
  if (rows.length > rowsAtMost)
    throw new RivuletError(`${answer.name} has ${formatNumber(rows.length)} rows: at most ${formatNumber(rowsAtMost)} are pinned`, {
      code: 2,
      try: ".write answer.parquet",
    })
  const called = name ?? `${pinPrefix}${idOf(rows)}`
  const { session } = host
  const streams = await session.streams()
  const there = streams.find(one => one.name === called)
  // Under the name of its rows there is the same answer; under one that was chosen there may be anything.
  if (there !== undefined && name !== undefined)
    throw new RivuletError(`${there.program}/${name} is there already, and is not this answer`, { code: 4, try: ".pin as another-name" })
  if (there === undefined) {
    session.name(constant(session, rows, streams), called)
    await session.flush()
  }
  const info = (await session.streams()).find(one => one.name === called)
  const whole = `${info?.program}/${called}`
  const master = host.address === "" ? "" : ` -m ${host.address}`
  const asked = name === undefined ? `@${called.slice(pinPrefix.length)}` : `'stream("${whole}").latest()'`
  const ends = info?.expires && formatTime(+info.expires, host.tz, { nowMs: host.now(), date: "always" })
  const until = ends ? `until ${ends}` : "as long as what this shell defines"
  const many = `${formatNumber(rows.length)} row${rows.length === 1 ? "" : "s"}`
  return [
    { text: `  this very answer:     rivulet query${master} ${asked}` },
    { text: `  in a shell of theirs: stream("${whole}").latest()` },
    {
      text: `  ${answer.name}, ${many}, kept ${until}; .keep ${called} keeps it longer, .stop ${called} ends it`,
      style: "dim",
    },
  ]
}

/** `@7f3a9c`, as `.pin` says it, as an expression; null: it is none. Throws a RivuletError of code 5 when it is kept no longer. */
export async function pinnedExpression(text: string, session: ClientSession): Promise<string | null> {
  const id = /^\s*@([0-9a-f]{6})\s*$/.exec(text)?.[1]
  if (id === undefined) return null
  const found = (await session.streams()).find(({ name }) => name === `${pinPrefix}${id}`)
  if (found) return `stream("${found.program}/${found.name}").latest()`
  throw new RivuletError(`@${id}: no such answer is kept`, { code: 5, try: "rivulet streams lists those that are, as pin-…" })
}

/** A stream hangs on another: on an input, of which nothing is taken. */
function constant(
  session: ClientSession,
  rows: readonly Value[],
  streams: readonly { readonly kind: string; readonly program: string; readonly name: string }[],
) {
  const input = streams.find(({ kind }) => kind === "input")
  if (input === undefined)
    throw new RivuletError("an answer is pinned beside streams, and there is no input", {
      code: 2,
      try: 'readStream("mine", "1s"), or .write answer.parquet',
    })
  const pinned = session.parallelize(rows, 1)
  const records = session.stream(`${input.program}/${input.name}`) as unknown as DStream<Value>
  return records.transform(rdd => rdd.filter(() => false).union(pinned))
}

const idOf = (rows: readonly Value[]): string => createHash("sha256").update(toJson(rows)).digest("hex").slice(0, 6)

function isEntry(row: unknown): row is { readonly interval: object; readonly value: unknown } {
  return typeof row === "object" && row !== null && "interval" in row && "value" in row && Object.keys(row).length === 2
}
