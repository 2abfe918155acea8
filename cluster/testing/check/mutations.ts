/**
 * Faults planted on purpose in the machines: a sweep that cannot see them would not see their like either. Each takes one rule of
 * the design away, in this process, for good: one process, one fault.
 */

import { Link } from "../../channel-link.js"
import { Checkpointer } from "../../master/checkpointer.js"
import { Ledger } from "../../master/ledger.js"
import { RecordLog } from "../../master/record-log.js"
import { WorkerRegistry } from "../../master/worker-registry.js"
import { Peers } from "../../worker/peers.js"

export interface Mutation {
  readonly name: string
  /** The rule that is broken. */
  readonly rule: string
  plant(): void
}

/** Methods as they are; private ones of TypeScript's too. */
type Methods = Record<string, (...args: unknown[]) => unknown>
const methods = (of: { readonly prototype: object }) => of.prototype as Methods
const getter = (of: { readonly prototype: object }, name: string, get: () => unknown) =>
  Object.defineProperty(of.prototype, name, { get, configurable: true })

export const mutations: readonly Mutation[] = [
  {
    name: "single-copy-lineage",
    rule: "what has one copy can be computed again: its lineage is kept",
    plant: () => {
      methods(Checkpointer).neededFrom = () => Number.POSITIVE_INFINITY
    },
  },
  {
    name: "effects-before-sync",
    rule: "nothing is visible before it is journaled",
    plant: () => {
      const append = RecordLog.prototype.append
      RecordLog.prototype.append = function (record, effect) {
        const command = append.call(this, record, () => {})
        effect()
        return command
      }
    },
  },
  {
    name: "duplicates-delivered",
    rule: "a message is delivered once",
    plant: () => {
      const onData = methods(Link).onData!
      methods(Link).onData = function (this: { received: number; deliver(body: unknown, out: unknown): void }, seq, body, nowMs, out) {
        if ((seq as number) <= this.received) this.deliver(body, out)
        return onData.call(this, seq, body, nowMs, out)
      }
    },
  },
  {
    name: "admitted-twice",
    rule: "a batch counts once, however often it is sent",
    plant: () => {
      Ledger.prototype.wasAdmitted = () => false
    },
  },
  {
    name: "acked-with-one-copy",
    rule: "an ack waits for the second copy",
    plant: () => {
      const update = Peers.prototype.update
      Peers.prototype.update = function (workers) {
        return update.call(this, workers, 1, 1)
      }
    },
  },
  {
    name: "sealed-without-reports",
    rule: "an interval is sealed when every worker has reported through its end",
    plant: () => {
      getter(WorkerRegistry, "reportedThrough", () => Number.POSITIVE_INFINITY)
    },
  },
]
