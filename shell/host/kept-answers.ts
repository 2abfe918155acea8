/** The newest answers of a shell, as they came: `Out[n]`, the pager, `.plot` and files are made of them, and nothing is asked again. */
import { writeFileSync } from "node:fs"
import { extname } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import type { Stamp } from "../../engine/fluent/types.js"
import { type OutputFormat, render, rowsOf } from "../cli/output.js"
import type { PagedAnswer, PagedColumn } from "../pager/paged.js"
import { columnsOf } from "../view/table.js"
import { isSeries } from "./answers.js"

export interface KeptAnswer {
  /** `Out[3]`, or what the cell called it. */
  readonly name: string
  readonly value: unknown
  /** What was shown of it: of a handle the rows that were asked for, else its own. */
  readonly rows: readonly unknown[]
  readonly stamp: Stamp | undefined
}

const kept = 100
/** Of a cell's text in the pager. */
const cellChars = 2_000

export class KeptAnswers {
  /** What cells find as `Out`: values by number, the newest `kept` of them. */
  readonly out: Record<number, unknown> = Object.create(null)
  private readonly answers = new Map<string, KeptAnswer>()
  private count = 0
  last: KeptAnswer | undefined

  /** The value of a cell's last expression. Gives the name it is kept by. */
  keep(value: unknown, rows: readonly unknown[], stamp: Stamp | undefined): string {
    const number = ++this.count
    this.out[number] = value
    delete this.out[number - kept]
    this.answers.delete(`Out[${number - kept}]`)
    return this.remember({ name: `Out[${number}]`, value, rows, stamp })
  }

  /** What a cell declared has its own name. */
  declared(name: string, value: unknown, stamp: Stamp | undefined): void {
    this.remember({ name, value, rows: rowsOf(value), stamp })
  }

  private remember(answer: KeptAnswer): string {
    this.answers.set(answer.name, answer)
    this.last = answer
    return answer.name
  }

  /** Of the newest answer that has one: what a cell or a command gave since may have been no answer of the cluster's. */
  get lastStamp(): Stamp | undefined {
    return [...this.answers.values()].findLast(({ stamp }) => stamp !== undefined)?.stamp
  }

  /** `3`, `Out[3]`, a name that a cell declared; empty: the last. Throws a RivuletError of code 2 when there is none. */
  find(which: string): KeptAnswer {
    const found = which === "" ? this.last : (this.answers.get(which) ?? this.answers.get(`Out[${which}]`))
    if (found) return found
    throw new RivuletError(which === "" ? "no answer yet" : `no answer ${which}`, {
      code: 2,
      try: `the newest ${kept} are kept, by the numbers under them: Out[1]`,
    })
  }
}

/** Null when it has no rows. `stamp` is its line as text. */
export function pageOf(answer: KeptAnswer, stamp: string, formatTime: (value: Date) => string): PagedAnswer | null {
  const rows = isSeries(answer.value)
    ? [...answer.value].map(({ interval, value }) => ({ interval: new Date(interval.from), value }))
    : answer.rows
  if (rows.length === 0) return null
  const columns = columnsOf(rows, { width: Number.POSITIVE_INFINITY, maxRows: rows.length, formatTime, maxChars: cellChars })
  return { name: answer.name, rows: rows.length, stamp, columns: columns.map(pagedColumn) }
}

function pagedColumn({ title, cells, right, values }: ReturnType<typeof columnsOf>[number]): PagedColumn {
  const numeric = right || values.some(value => value instanceof Date)
  return { title, cells, right, ...(numeric && { numbers: values.map(numberOf) }) }
}

function numberOf(value: unknown): number {
  if (value instanceof Date) return value.getTime()
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN
}

const formats: Readonly<Record<string, OutputFormat>> = {
  ".csv": "csv",
  ".json": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".arrow": "arrow",
  ".arrows": "arrow",
  ".parquet": "parquet",
  ".txt": "table",
}

/** By the file's ending. `order`: rows as they are to stand there. Throws a RivuletError of code 2; a file that exists stays as it is. */
export async function writeAnswer(answer: KeptAnswer, path: string, order?: readonly number[]): Promise<number> {
  const format = formats[extname(path)]
  if (format === undefined)
    throw new RivuletError(`${path}: which format?`, { code: 2, try: `one of ${Object.keys(formats).join(", ")}: counts.csv` })
  const own = isSeries(answer.value) ? rowsOf(answer.value) : answer.rows
  const rows = order === undefined ? own : order.map(at => own[at])
  writeNew(path, await render(rows, format, { width: 200, ...(answer.stamp && { stamp: answer.stamp }) }))
  return rows.length
}

/** Throws a RivuletError of code 2 when it cannot be written or is there already. */
export function writeNew(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content, { flag: "wx" })
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === "EEXIST"
    throw new RivuletError(there ? `${path} is there already` : `cannot write ${path}: ${(error as Error).message}`, {
      code: 2,
      try: "another name: an existing file is not overwritten",
    })
  }
}
