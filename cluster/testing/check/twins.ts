/**
 * A program of two streams that are made alike is submitted again and again, each time with another function for both, and the
 * master dies while it writes what the submission came to. Whatever is left of it, the two have changed at the same boundaries.
 */

import { RecordsHandle } from "../../../engine/fluent/records.js"
import type { ResponseValues } from "../../protocol.js"
import type { SimulatedClient } from "../client.js"
import type { SimulatedCluster } from "../cluster.js"
import type { Random } from "../random.js"
import type { CheckedRun } from "./checked-run.js"
import { Definer } from "./definer.js"
import { Wrong } from "./judge.js"
import type { FunctionLinks } from "./links.js"

const add = (a: number, b: number) => a + b
// Constants, so that they are captured once.
const editions = [
  (line: string): [string, number] => [line.slice(0, 1), 1],
  (line: string): [string, number] => [line.slice(0, 2), 2],
  (line: string): [string, number] => [line.slice(0, 3), 3],
  (line: string): [string, number] => [line.slice(0, 4), 4],
]
const names = ["castor", "pollux"]
const program = "twins"

export class Twins {
  readonly #links: FunctionLinks
  readonly #session: string
  /** The main program's; the twins are made of its first input. */
  readonly #definer: Definer
  #submitted = 0

  constructor(links: FunctionLinks, session: string, definer: Definer) {
    this.#links = links
    this.#session = session
    this.#definer = definer
  }

  /** For the first time. */
  submit(run: CheckedRun, client: SimulatedClient): void {
    run.ask(client, this.#submission(), "submit of the twins")
  }

  /** Puts the later submissions and deaths into the time to come; gives how many deaths. */
  schedule(cluster: SimulatedCluster, client: SimulatedClient, random: Random, when: When): number {
    const { world } = cluster
    const deaths = random.integer(1, editions.length)
    for (let i = 0; i < deaths; i++) {
      const awayMs = random.pick([20, 200, 2_000]) * (0.5 + random.next())
      world.at(when.startMs + random.next() * when.spanMs, () => {
        if (cluster.master?.alive !== true) return
        cluster.killMasterWriting(({ kind }) => kind === "define" || kind === "replaced" || kind === "together")
        world.after(awayMs, () => cluster.startMaster())
        const n = this.#submitted
        client.call(this.#submission(), outcome => {
          if (outcome.ok) return
          // Asked again of the next master when a later one has taken its place, it finds that its streams were stopped.
          const superseded = n < this.#submitted - 1
          // A new master has issued less: the next boundary may lie before one that was announced, which only force takes back.
          const overtakes = /would never come into force/.test(outcome.error.message)
          if (outcome.error.code !== 4 || !(superseded || overtakes)) throw new Wrong(`submit of the twins: ${outcome.error.message}`)
        })
      })
    }
    return deaths
  }

  /** Throws `Wrong` if one has changed where the other has not. */
  check(run: CheckedRun, client: SimulatedClient): void {
    const [one, other] = names.map(name => {
      const body = { kind: "versions", stream: `${program}/${name}` } as const
      const { value } = run.ask(client, { kind: "request", body }, `versions of ${name}`)
      return (value as ResponseValues["versions"]).map(({ version, from }) => `v${version} from ${from}`).join(", ")
    })
    if (one !== other) throw new Wrong(`half of a submission was done: ${names[0]} has ${one}; ${names[1]} has ${other}`)
  }

  #submission() {
    const n = this.#submitted++
    const input = this.#definer.definitions[0]!
    const definer = new Definer(`${this.#session}.twins${n}`, 2, this.#links)
    definer.definitions.push(input)
    for (const name of names) {
      const handle = new RecordsHandle(definer, input.id) as unknown as Handle
      definer.amend(handle.map(editions[n % editions.length]!).runningReduce(add).id, { name })
    }
    const definitions = definer.definitions.slice(1).map(definition => ({ ...definition, program }))
    const about = { session: this.#session, program, definitions, assets: [...definer.assets.values()] }
    return { kind: "request", body: { kind: "submit", ...about, dryRun: false, by: "check", force: false } } as const
  }
}

interface When {
  readonly startMs: number
  readonly spanMs: number
}

interface Handle {
  readonly id: string
  map(f: (line: string) => [string, number]): Handle
  runningReduce(f: (a: number, b: number) => number): Handle
}
