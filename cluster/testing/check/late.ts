/**
 * An answer is a promise: what a client was told is journaled outlives every crash. So, while faults come, clients open
 * sessions and define streams, and a master that is to die is struck while it has something to write; afterwards all that was
 * answered must be there, and nothing twice.
 */

import type { CatalogEntry, ResponseValues } from "../../protocol.js"
import type { SimulatedClient } from "../client.js"
import type { SimulatedCluster } from "../cluster.js"
import type { Random } from "../random.js"
import type { Definer } from "./definer.js"
import { Wrong } from "./judge.js"

export class LateAsks {
  readonly #sessions = new Set<string>()
  readonly #streams = new Set<string>()

  /** Puts the asking into the time to come. `known`: sessions that there are. */
  schedule(
    cluster: SimulatedCluster,
    client: SimulatedClient,
    definer: Definer,
    known: readonly string[],
    random: Random,
    when: When,
  ): void {
    for (const session of known) this.#sessions.add(session)
    for (let i = random.integer(1, 6); i > 0; i--) {
      const atMs = when.startMs + random.next() * when.spanMs
      if (random.chance(0.5)) cluster.world.at(atMs, () => this.#open(client))
      else cluster.world.at(atMs, () => this.#define(client, definer, known[0]!, when.intervalMs))
    }
  }

  /** Throws `Wrong` if a stream that was accepted is not in the catalog. */
  check(catalog: readonly CatalogEntry[]): void {
    const there = new Set(catalog.map(({ definition }) => definition.id))
    for (const id of this.#streams) if (!there.has(id)) throw new Wrong(`${id} was accepted, and is not there after the crash`)
  }

  #open(client: SimulatedClient): void {
    client.call({ kind: "request", body: { kind: "openSession", user: "late", program: "late" } }, outcome => {
      if (!outcome.ok) throw new Wrong(`openSession: ${outcome.error.message}`)
      const { session } = outcome.value as ResponseValues["openSession"]
      if (this.#sessions.has(session)) throw new Wrong(`session ${session} was given out twice`)
      this.#sessions.add(session)
    })
  }

  #define(client: SimulatedClient, definer: Definer, session: string, intervalMs: number): void {
    const name = `late${this.#streams.size + definer.definitions.length}`
    const definition = definer.receive(name, intervalMs)
    client.call({ kind: "request", body: { kind: "define", session, definitions: [definition], assets: [] } }, outcome => {
      if (outcome.ok) this.#streams.add(definition.id)
      else throw new Wrong(`define of ${name}: ${outcome.error.message}`)
    })
  }
}

interface When {
  readonly startMs: number
  readonly spanMs: number
  readonly intervalMs: number
}
