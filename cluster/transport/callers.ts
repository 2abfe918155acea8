/** Who speaks on a Router: by name where nobody needs a key; else by name and key, as that key is admitted now. */

import { type Admission, readRoutingId } from "./credentials.js"
import type { CurveOptions } from "./curve.js"

export interface Caller {
  /** What is sent to it is addressed to this. */
  readonly id: string
  readonly name: string
  /** It may ask, and change nothing. */
  readonly readOnly: boolean
}

interface Known {
  readonly name: string
  readonly publicKey: string
  admitted: Admission | null
  askedMs: number
}

/** A list that has changed holds for who is connected after so long. */
const askAgainMs = 500
/** Peers that are remembered; beyond, they are learned anew. */
const mostKnown = 10_000
const nodesOwn: Admission = { label: "this cluster", readOnly: false }

export class Callers {
  readonly #curve: CurveOptions | undefined
  readonly #known = new Map<string, Known>()
  /** By name: who answers to it. */
  readonly #ids = new Map<string, string>()

  constructor(curve: CurveOptions | undefined) {
    this.#curve = curve
  }

  /** Null: no name of ours, or not admitted any more. `taken`: the name is of a peer that this node itself has connected to. */
  callerOf(frame: Buffer, nowMs: number, taken: (name: string) => boolean): Caller | null {
    const id = frame.toString("latin1")
    // ZeroMQ's own made-up ids, and garbage.
    if (!/^[!-~]{1,240}$/.test(id)) return null
    if (this.#curve === undefined) return { id, name: id, readOnly: false }
    const known = this.#known.get(id) ?? this.#learn(id)
    if (known === null) return null
    if (nowMs - known.askedMs >= askAgainMs) {
      known.admitted = this.#admit(known.publicKey)
      known.askedMs = nowMs
    }
    if (known.admitted === null) return null
    const { name, publicKey, admitted } = known
    const holder = this.#known.get(this.#ids.get(name) ?? "")
    // Who may only read is nobody else.
    if (admitted.readOnly && (taken(name) || (holder !== undefined && holder.publicKey !== publicKey))) return null
    this.#ids.set(name, id)
    return { id, name, readOnly: admitted.readOnly }
  }

  /** The address of whoever has that name. */
  idOf(name: string): string {
    return this.#ids.get(name) ?? name
  }

  nameOf(id: string): string {
    return this.#known.get(id)?.name ?? id
  }

  #learn(id: string): Known | null {
    const credential = readRoutingId(id, this.#curve!.pair)
    if (credential === null) return null
    if (this.#known.size >= mostKnown) {
      this.#known.clear()
      this.#ids.clear()
    }
    const known: Known = { ...credential, admitted: null, askedMs: Number.NEGATIVE_INFINITY }
    this.#known.set(id, known)
    return known
  }

  #admit(publicKey: string): Admission | null {
    const { pair, gate } = this.#curve!
    return publicKey === pair.publicKey ? nodesOwn : gate(publicKey)
  }
}
