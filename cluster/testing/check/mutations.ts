/**
 * Faults planted on purpose in the machines: a sweep that cannot see them would not see their like either. Each takes one rule of
 * the design away, in this process, for good: one process, one fault.
 */

import { Folds } from "../../../engine/kernel/folds.js"
import { KeyedState } from "../../../engine/state/keyed-state.js"
import { Channel } from "../../channel.js"
import { Link } from "../../channel-link.js"
import { Sender } from "../../client/sender.js"
import { Admission } from "../../master/admission.js"
import { Checkpointer } from "../../master/checkpointer.js"
import { Draining } from "../../master/draining.js"
import { Ledger } from "../../master/ledger.js"
import { RecordLog } from "../../master/record-log.js"
import { WorkerRegistry } from "../../master/worker-registry.js"
import { BlockStore } from "../../worker/block-store.js"
import { Outbox } from "../../worker/outbox.js"
import { Peers } from "../../worker/peers.js"
import { SimulatedJournal } from "../journal.js"
import type { Fault } from "./faults.js"
import type { planOf } from "./scenario.js"

const has =
  (...faults: Fault[]) =>
  ({ faults: { faults: planned } }: Plan) =>
    faults.some(fault => planned.includes(fault))

type Plan = ReturnType<typeof planOf>

export interface Mutation {
  readonly name: string
  /** The rule that is broken. */
  readonly rule: string
  /** Seeds whose faults cannot show it need not be played. */
  readonly shows?: (plan: Plan) => boolean
  /** Where a sweep begins unless it is told otherwise: that seed is known to show it, and those before take long. */
  readonly from?: number
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
    shows: has("loneDeath"),
    from: 76,
    plant: () => {
      methods(Checkpointer).neededFrom = () => Number.POSITIVE_INFINITY
    },
  },
  {
    name: "drained-early",
    rule: "a worker that is drained ends when what it holds has as many copies without it",
    from: 990_389,
    plant: () => {
      methods(Draining).wanted = () => 0
    },
  },
  {
    name: "effects-before-sync",
    rule: "nothing is visible before it is journaled",
    shows: has("killMaster"),
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
    shows: has("weather"),
    plant: () => {
      const onData = methods(Link).onData!
      methods(Link).onData = function (this: { received: number; deliver(body: unknown, out: unknown): void }, seq, body, nowMs, out) {
        if ((seq as number) <= this.received) this.deliver(body, out)
        return onData.call(this, seq, body, nowMs, out)
      }
    },
  },
  {
    name: "dedupe",
    rule: "a batch counts once, however often it is sent",
    shows: has("weather", "part", "clog", "stall", "killWorker", "killMaster"),
    plant: () => {
      Ledger.prototype.wasAdmitted = () => false
    },
  },
  {
    name: "ack-after-one-copy",
    rule: "an ack waits for the second copy",
    shows: has("killWorker", "loneDeath"),
    plant: () => {
      const update = Peers.prototype.update
      Peers.prototype.update = function (workers) {
        return update.call(this, workers, 1, 1)
      }
    },
  },
  {
    name: "seal-early",
    rule: "an interval is sealed when every worker has reported through its end",
    // Only where nothing goes wrong does a batch's interval follow from when it was sent.
    shows: ({ faults: { faults } }) => faults.length === 0,
    plant: () => {
      getter(WorkerRegistry, "reportedThrough", () => Number.POSITIVE_INFINITY)
    },
  },
  {
    name: "former-life",
    rule: "what a node sent in a former life is refused in its next one",
    shows: has("killWorker", "killMaster", "loneDeath"),
    plant: () => {
      const note = methods(Channel).noteIncarnation!
      methods(Channel).noteIncarnation = function (...args) {
        note.apply(this, args)
        return true
      }
    },
  },
  {
    name: "memory-reused",
    rule: "memory that is under way to a peer stays as it is until the peer has it",
    shows: plan => plan.scarcity.worker.spillDir !== undefined && has("weather")(plan),
    plant: () => {
      Outbox.prototype.sendPinned = function (to, message, payload) {
        this.send(to, message, payload)
      }
    },
  },
  {
    name: "loan-in-use",
    rule: "a writer has a batch's memory back when nobody reads it any more",
    plant: () => {
      const send = Sender.prototype.send
      Sender.prototype.send = function (...args) {
        const [, { session, stream, loan }] = args
        return [...send.apply(this, args), { kind: "push", session, stream, counters: this.counters(session, stream), free: loan }]
      }
    },
  },
  {
    name: "session-order",
    rule: "batches of a session count in the order of their numbers",
    plant: () => {
      const take = Admission.prototype.take
      Admission.prototype.take = function (...args) {
        const { admitted, lost } = take.apply(this, args)
        return { admitted: admitted.reverse(), lost }
      }
    },
  },
  {
    name: "retransmit",
    rule: "what is lost on the way is sent again",
    shows: has("weather"),
    plant: () => {
      const transmit = methods(Link).transmit!
      methods(Link).transmit = function (this: unknown, item, ...rest) {
        return (item as { tries: number }).tries > 0 ? undefined : transmit.call(this, item, ...rest)
      }
    },
  },
  {
    name: "forget-too-soon",
    rule: "what is retained can be read",
    shows: ({ faults }) => faults.forgetful,
    plant: () => {
      const forget = BlockStore.prototype.forget
      BlockStore.prototype.forget = function (stream, beforeMs) {
        return forget.call(this, stream, beforeMs + 1)
      }
    },
  },
  {
    name: "folded-twice",
    rule: "a block that was taken into a map task before the interval's end is not added to it again",
    plant: () => {
      const take = Folds.prototype.take
      Folds.prototype.take = function (name) {
        const begun = take.call(this, name)
        return begun && { ...begun, blocks: [] }
      }
    },
  },
  {
    name: "append-without-compare",
    rule: "a master appends behind what it has read, or not at all: one that was replaced and does not know it changes nothing",
    shows: plan => plan.standbys.candidates > 0,
    from: 73,
    plant: () => {
      methods(SimulatedJournal).compare = () => null
    },
  },
  {
    name: "newest-version-read",
    rule: "a version of a state is read as it was, not as it is now: an interval that is computed again would count twice",
    plant: () => {
      methods(KeyedState).rowAt = function (this: { head: number[] }, slot) {
        return this.head[slot as number]
      }
    },
  },
]
