/** Sources on the simulated network: what is said to a URL goes to whoever reads it then; nobody keeps it for later. */

import type { NodeEvent } from "../ports.js"
import type { World } from "./world.js"

interface Reading {
  readonly url: string
  readonly node: { readonly alive: boolean; readonly node: string }
  readonly done: (event: NodeEvent) => void
  asked: boolean
  waiting: Uint8Array[]
}

export class SimulatedSources {
  readonly #world: World
  readonly #readings = new Map<string, Reading>()

  constructor(world: World) {
    this.#world = world
  }

  /** How many read it now. */
  readers(url: string): number {
    return [...this.#readings.values()].filter(reading => reading.url === url && reading.node.alive).length
  }

  /** Whether the worker of that name reads it now. */
  readBy(url: string, worker: string): boolean {
    return [...this.#readings.values()].some(({ url: of, node }) => of === url && node.alive && node.node.startsWith(`${worker}#`))
  }

  /** The bytes, to all that read it. */
  say(url: string, text: string): void {
    for (const [source, reading] of this.#readings) {
      if (reading.url !== url || !reading.node.alive) continue
      reading.waiting.push(Buffer.from(text))
      this.#give(source, reading)
    }
  }

  /** All connections to it break. */
  cut(url: string): void {
    for (const [source, { url: of, done }] of [...this.#readings]) {
      if (of !== url) continue
      this.#readings.delete(source)
      done({ kind: "sourceClosed", source, error: "connection reset", over: false })
    }
  }

  open(source: string, url: string, node: { readonly alive: boolean; readonly node: string }, done: (event: NodeEvent) => void): void {
    this.#world.after(1, () => {
      if (!node.alive) return
      this.#readings.set(source, { url, node, done, asked: false, waiting: [] })
      done({ kind: "sourceOpened", source, events: false, from: 0, validator: null })
    })
  }

  pull(source: string): void {
    const reading = this.#readings.get(source)
    if (reading === undefined) return
    reading.asked = true
    this.#give(source, reading)
  }

  close(source: string): void {
    this.#readings.delete(source)
  }

  #give(source: string, reading: Reading): void {
    const bytes = reading.asked ? reading.waiting.shift() : undefined
    if (bytes === undefined) return
    reading.asked = false
    this.#world.after(1, () => {
      if (this.#readings.get(source) === reading && reading.node.alive) reading.done({ kind: "sourceBytes", source, bytes })
    })
  }
}
