/// <reference path="./pg.d.ts" />
/** Writes rows to tables of PostgreSQL servers: one connection a database, opened when it is first needed. */

import { createStatement, type Statement, type Table, type TableWrite, tableOf, upsertStatement } from "../../engine/output/table.js"

/** Of the package `pg`, what is used. */
interface Client {
  connect(): Promise<void>
  query(text: string, values: readonly unknown[]): Promise<unknown>
  end(): Promise<void>
  on(event: "error", listener: () => void): void
}

const connectMs = 5_000
/** Two that make the same table at once: one of them finds that it is there. */
const madeByAnother = new Set(["23505", "42P07"])

export class Postgres {
  readonly #clients = new Map<string, Promise<Client>>()
  readonly #made = new Set<string>()

  /** Rejects with a message that names the server and the table, never the password. */
  async write(write: TableWrite): Promise<void> {
    const table = tableOf(write.to)
    try {
      const client = await this.#client(table)
      if (!this.#made.has(write.to)) {
        await ask(client, createStatement(table, write.keyed)).catch((error: { code?: string }) => {
          if (!madeByAnother.has(error.code ?? "")) throw error
        })
        this.#made.add(write.to)
      }
      await ask(client, upsertStatement(table, write))
    } catch (error) {
      throw new Error(`cannot write to ${shown(table)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }

  async close(): Promise<void> {
    const clients = [...this.#clients.values()]
    this.#clients.clear()
    await Promise.all(clients.map(client => client.then(one => one.end()).catch(() => {})))
  }

  #client({ database }: Table): Promise<Client> {
    const known = this.#clients.get(database)
    if (known !== undefined) return known
    const opened = open(database, () => {
      if (this.#clients.get(database) === opened) this.#clients.delete(database)
    })
    this.#clients.set(database, opened)
    opened.catch(() => {
      if (this.#clients.get(database) === opened) this.#clients.delete(database)
    })
    return opened
  }
}

const ask = (client: Client, { text, values }: Statement) => client.query(text, values)

async function open(database: string, onBroken: () => void): Promise<Client> {
  // Loaded by whoever saves to a table.
  const { default: pg } = await import("pg")
  const client: Client = new pg.Client({ connectionString: database, connectionTimeoutMillis: connectMs })
  client.on("error", onBroken)
  await client.connect()
  return client
}

function shown({ database, name }: Table): string {
  const url = new URL(database)
  url.password = ""
  return `table ${name} of ${url.href}`
}
