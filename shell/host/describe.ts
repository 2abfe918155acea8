/** `name?`: what a name stands for. Of a stream what it is, the text that made it, its fields; of all else what types say, or `.help`. */
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import { nearest } from "../../engine/nearest.js"
import type { Inspection, StyledLine } from "../session.js"
import type { CommandHost } from "./command-host.js"
import { runDotCommand } from "./commands/index.js"
import type { Names } from "./meant.js"

export interface Describing extends CommandHost {
  /** Names that cells may use, and what one stands for. */
  readonly names: Names
  inspect(text: string, cursor: number): Promise<Inspection | null>
  print(lines: readonly StyledLine[]): void
}

/** `views?`, `counts.slice?`, `.watch?`; undefined: the cell asks nothing of the kind. */
export function askedAbout(cell: string): string | undefined {
  return /^\s*(\.?[\p{ID_Start}$_][\p{ID_Continue}$.]*)\s*\?\s*$/u.exec(cell)?.[1]
}

export async function describe(host: Describing, asked: string): Promise<readonly StyledLine[]> {
  const value = await host.names.peek(asked)
  if (handleData(value)?.kind === "stream") return streamLines(host, asked, value as { readonly program: string; readonly name: string })
  const inspection = asked.startsWith(".") ? null : await host.inspect(asked, asked.length)
  if (inspection) return inspection.all.map(text => ({ text: `  ${text}` }))
  const near = nearest(asked, host.names.names())
  if (near !== undefined && near !== asked && !asked.includes("."))
    throw new RivuletError(`nothing is called ${asked}`, { code: 2, try: `${near}?` })
  return runDotCommand(host, "help", asked.slice(asked.lastIndexOf(".") + 1))
}

async function streamLines(host: Describing, asked: string, handle: { readonly program: string; readonly name: string }) {
  const name = `${handle.program}/${handle.name}`
  const known = (await host.session.streams()).some(one => `${one.program}/${one.name}` === name)
  const about: StyledLine[] = known
    ? [
        ...(await runDotCommand(host, "info", name)),
        ...(await runDotCommand(host, "source", name)).map(line => ({ ...line, style: "dim" as const })),
      ]
    : [{ text: `  ${asked}   on demand: made when it is asked` }]
  // Its fields are those of its newest records, which may have to be made first.
  host.print(about)
  const fields = await runDotCommand(host, "schema", asked)
  const more = `  .lineage ${asked} · .explain ${asked} · .why ${asked} · ${asked}. Tab: what can be asked of it`
  return [...fields, { text: more, style: "dim" as const }]
}
