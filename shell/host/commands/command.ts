/** What a dot-command is, and what several of them need. */

import { RivuletError } from "../../../engine/errors.js"
import { handleData } from "../../../engine/fluent/brand.js"
import type { Explain, Field, Lineage, Why } from "../../../engine/fluent/types.js"
import type { TimeLike } from "../../../engine/time.js"
import type { StyledLine } from "../../session.js"
import { table } from "../../view/table.js"
import type { CommandHost } from "../command-host.js"

export interface DotCommand {
  readonly name: string
  readonly usage: string
  readonly help: string
  /** The same as code, where there is a same. */
  readonly code?: string
  run(host: CommandHost, args: string): Promise<readonly StyledLine[]> | readonly StyledLine[]
}

export const line = (text: string, style?: StyledLine["style"]): StyledLine => (style ? { text, style } : { text })

export function tableLines(rows: readonly Record<string, unknown>[], host: CommandHost, spare: readonly string[] = []): StyledLine[] {
  if (rows.length === 0) return [line("  (none)", "dim")]
  return table(rows, { width: host.columns, maxRows: 200, spare }).lines.map(text => line(text))
}

interface Explained {
  schema(): Promise<Field[]>
  explain(): Promise<Explain>
  lineage(time?: TimeLike): Promise<Lineage>
  why(): Promise<Why>
}

/** Of a name or an expression; bare: of the last value. */
export async function handleOf(host: CommandHost, args: string): Promise<Explained> {
  const expression = args.trim() === "" ? "_" : args.trim()
  const value = await host.value(expression)
  if (handleData(value)?.kind !== "stream" && handleData(value)?.kind !== "rdd")
    throw new RivuletError(`${expression} is neither a stream nor an RDD`, { code: 2, try: ".streams" })
  return value as Explained
}
