/**
 * Tables of a PostgreSQL server as the target of `save` (by upsert, so that a task that is done twice leaves what it
 * would have left once). What is asked of the server is decided here; who asks it is an adapter.
 *
 * With a key there is a row a key: the newest record, and the start of the interval it is of. A task that is repeated late changes
 * nothing that is newer. Without, a row a record, by interval, partition and place in it, which are the same whoever computes them.
 */

import { RivuletError } from "../errors.js"

/** A batch of rows for a table, as one task made it. */
export interface TableWrite {
  /** `postgres://user@host/database/table`. */
  readonly to: string
  /** Start of the interval. */
  readonly atMs: number
  readonly partition: number
  /** Each record is `[key, value]`. */
  readonly keyed: boolean
  /** A record a line, as JSON. */
  readonly bytes: Uint8Array
}

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

export interface Table {
  /** Of the database, for a client library. */
  readonly database: string
  readonly name: string
}

export function isTable(to: string): boolean {
  return /^postgres(ql)?:\/\//.test(to)
}

/** Throws RivuletError (code 2) for a URL that names no table. */
export function tableOf(to: string): Table {
  const wrong = (why: string) => new RivuletError(`save: ${to} ${why}`, { code: 2, try: "postgres://user@host:5432/database/table" })
  let url: URL
  try {
    url = new URL(to)
  } catch {
    throw wrong("is no URL")
  }
  const [, database = "", name = "", ...more] = url.pathname.split("/").map(part => decodeURIComponent(part))
  if (database === "" || name === "" || more.length > 0) throw wrong("names no table")
  url.pathname = `/${encodeURIComponent(database)}`
  return { database: url.href, name }
}

/** Makes the table where there is none. */
export function createStatement({ name }: Table, keyed: boolean): Statement {
  const columns = keyed
    ? "key jsonb primary key, value jsonb not null, at timestamptz not null"
    : "at timestamptz not null, partition int not null, n int not null, value jsonb not null, primary key (at, partition, n)"
  return { text: `create table if not exists ${quoted(name)} (${columns})`, values: [] }
}

/** One statement, so that all of it counts or nothing. In order of key: two that meet wait for each other, they do not lock each other out. */
export function upsertStatement({ name }: Table, { atMs, partition, keyed, bytes }: TableWrite): Statement {
  const table = quoted(name)
  const rows = `[${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8").trimEnd().replaceAll("\n", ",")}]`
  const at = new Date(atMs).toISOString()
  if (keyed)
    return {
      text:
        `insert into ${table} as held (key, value, at) select row->0, row->1, $2 from jsonb_array_elements($1::jsonb) as row order by 1 ` +
        "on conflict (key) do update set value = excluded.value, at = excluded.at where held.at <= excluded.at",
      values: [rows, at],
    }
  return {
    text:
      `insert into ${table} (at, partition, n, value) select $2, $3, n, row from jsonb_array_elements($1::jsonb) with ordinality as rows(row, n) ` +
      "on conflict (at, partition, n) do update set value = excluded.value",
    values: [rows, at, partition],
  }
}

/** `schema.table` is a table of that schema. */
function quoted(name: string): string {
  return name
    .split(".")
    .map(part => `"${part.replaceAll('"', '""')}"`)
    .join(".")
}
