/** What `.watch` and `.share` are about: a stream, by name or as an expression, and what it is called. */
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { SnapshotDStream } from "../../engine/fluent/types.js"
import type { StyledLine } from "../session-types.js"
import type { Panels } from "./panels.js"

export interface Watched {
  readonly expression: string
  /** What it is to be called; null: nothing was said. */
  readonly name: string | null
  readonly stream: SnapshotDStream<unknown>
}

interface Asks {
  readonly session: ClientSession
  value(expression: string): Promise<unknown>
}

/** What a panel of the last expression is called. */
const unnamed = "panel"

/** `counts.top(5) as hottest`; empty: the last expression. Throws a RivuletError of code 2 for what is no stream. */
export async function watched(args: string, host: Asks): Promise<Watched> {
  const match = /^([\s\S]*?)(?:\s+as\s+([\w-]+))?\s*$/.exec(args)
  const expression = match?.[1]?.trim() || "_"
  const value = await streamOf(expression, host)
  await host.session.flush()
  return { expression, name: match?.[2] ?? null, stream: value }
}

/** `ann/counts` is a stream by its program and name; all else is an expression. */
export async function streamOf(text: string, host: Asks): Promise<SnapshotDStream<unknown>> {
  const named = /^[\w.-]+\/[\w.-]+$/.test(text)
  const known = named && (await host.session.streams()).some(({ program, name }) => `${program}/${name}` === text)
  const value = known ? host.session.stream(text) : await host.value(text)
  if (handleData(value)?.kind === "stream") return value as SnapshotDStream<unknown>
  throw new RivuletError(`${text} is not a stream`, {
    code: 2,
    try: '.watch counts.top(5) as hottest; an RDD or an answer does not change: in place of .last("10s") write .window("10s") or reduceByWindow("10s", sum)',
  })
}

export async function openPanel({ expression, name, stream }: Watched, panels: Panels): Promise<StyledLine[]> {
  const called = name ?? (expression === "_" ? unnamed : expression)
  await panels.open(called, expression, stream)
  const named = name === null || name === expression ? "" : `, { name: ${JSON.stringify(name)} }`
  return [{ text: `  .unwatch closes it   ≡   watch(${expression}${named})`, style: "dim" }]
}

/** Empty: all. Throws a RivuletError of code 2 when there is none of that name. */
export function closePanel(name: string, panels: Panels): StyledLine[] {
  if (panels.close(name) > 0) return []
  throw new RivuletError(name === "" ? "no panel is open" : `no panel ${name}`, { code: 2, try: ".watch counts.top(5)" })
}

interface Shares extends Asks {
  readonly address: string
  readonly embedded: boolean
  readonly user: string
  readonly tz: string
}

/**
 * Gives it a name on the cluster, so that others have it live, and says how. Nothing is computed twice. `panel`: what the panel that shows it is
 * called, which becomes its name if it has none.
 */
export async function shareLines({ name, stream, expression }: Watched, host: Shares, panel?: string): Promise<StyledLine[]> {
  if (name !== null) host.session.name(stream, name)
  await host.session.flush()
  let info = await stream.info()
  if (info.name.includes("@") && panel !== undefined && panel !== unnamed && /^[\w-]+$/.test(panel)) {
    host.session.name(stream, panel)
    await host.session.flush()
    info = await stream.info()
  }
  if (info.name.includes("@"))
    throw new RivuletError(`${expression} has no name that others could say`, { code: 2, try: `.share ${expression} as hottest` })
  const whole = `${info.program}/${info.name}`
  const master = host.address === "" ? "" : ` -m ${host.address}`
  return [
    { text: `  others see it live:   rivulet watch${master} ${whole}` },
    { text: `  as it is now:         rivulet query${master} 'stream("${whole}")'` },
    { text: `  in a shell of theirs: stream("${whole}")` },
    ...(host.embedded ? [{ text: "  while this shell is open: its cluster ends with it", style: "dim" } as const] : []),
    ...(info.expires === undefined ? [] : [{ text: `  .keep ${info.name} keeps it when this shell is closed`, style: "dim" } as const]),
  ]
}
