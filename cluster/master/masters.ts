/** Of a cluster whose masters share a store: who leads, who would take over, and what there is to tell when that changes. Nothing is decided by it. */

import type { ClusterEvent, MastersStatus } from "../protocol.js"
import { type Standby, sameStandby } from "./standbys.js"

export class Masters {
  readonly #leader: Pick<MastersStatus, "address" | "sinceMs">
  /** Null: nobody has said yet, or there is one master alone. */
  #known: { readonly host: string; readonly standbys: readonly Standby[] } | null = null

  constructor(leader: Pick<MastersStatus, "address" | "sinceMs">) {
    this.#leader = leader
  }

  /** `host`: this one's machine. Those whom a master finds when it begins are no news. */
  told(host: string, standbys: readonly Standby[]): ClusterEvent[] {
    const before = this.#known?.standbys ?? standbys
    this.#known = { host, standbys }
    const notIn = (some: readonly Standby[], others: readonly Standby[]) =>
      some.filter(one => !others.some(other => sameStandby(one, other))).map(({ host, address }) => ({ host, address }))
    return [
      ...notIn(standbys, before).map(one => ({ kind: "standsBy" as const, ...one })),
      ...notIn(before, standbys).map(one => ({ kind: "standbyLost" as const, ...one, left: standbys.length })),
    ]
  }

  status(epoch: number): MastersStatus | null {
    if (this.#known === null) return null
    const { host, standbys } = this.#known
    return { epoch, host, ...this.#leader, standbys: standbys.map(({ host, address, sinceMs }) => ({ host, address, sinceMs })) }
  }
}
