/**
 * A worker in a storm: whatever comes, in whatever order, no step throws, no running task's input and no payload under way
 * changes, and when all is over no byte of block memory is left taken.
 */

import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Command } from "../../cluster/ports.js"
import type { Peer } from "../../cluster/protocol.js"
import { writeRegion } from "../../engine/shuffle-region.js"
import { Bench, lines, minute, peer, result, stage, task } from "./bench.js"

const test = suite("worker/fuzz")

const everybody: readonly Peer[] = [peer("w2"), peer("w3", { load: 0.5 }), peer("w4", { host: "w1" })]

type Kind =
  | ("batch" | "replica" | "stored" | "refuse" | "lost" | "peers" | "settle" | "forget" | "copy" | "serve")
  | ("launch" | "cancel" | "done" | "failed" | "fetched" | "missing" | "receipt" | "time" | "master" | "lostMaster")

interface Act {
  readonly kind: Kind
  readonly n: number
  readonly m: number
}

const kinds: readonly Kind[] = [
  ...(["batch", "batch", "batch", "replica", "stored", "stored", "refuse", "lost", "peers", "settle", "forget", "copy", "serve"] as const),
  ...(["launch", "launch", "launch", "cancel", "done", "done", "failed", "fetched", "fetched", "missing", "receipt", "time"] as const),
  ...(["master", "lostMaster"] as const),
]

const act: fc.Arbitrary<Act> = fc.record({ kind: fc.constantFrom(...kinds), n: fc.nat({ max: 1_000 }), m: fc.nat({ max: 1_000 }) })

class Storm {
  readonly w = new Bench({ capBytes: 512 * 1024, cores: 2, config: { executorDepth: 2, masterTimeoutMs: 1e9 } }).join(everybody)
  master = 1
  seq = 0
  launched = 0
  readonly blocks: string[] = []
  readonly replicas: { block: string; to: string }[] = []
  readonly running = new Map<string, { executor: number; bytes: [Uint8Array, string][] }>()
  readonly fetches: { to: string; request: number; count: number }[] = []
  readonly receipts = new Map<string, [Uint8Array, string][]>()

  /** Notes what the commands of the last step ask for. */
  note(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.kind === "submit") {
        const parts = command.run.inputs.flatMap(input => input.parts)
        const bytes = parts.map(({ offset, length }) => this.w.bytesAt(offset, length))
        this.running.set(command.task, { executor: command.executor, bytes: bytes.map(one => [one, sum(one)]) })
      }
      if (command.kind === "kill") this.note(this.end(command.task, false))
      if (command.kind !== "send") continue
      const { message, to, payload = [], receipt } = command
      if (message.kind === "replica") this.replicas.push({ block: message.block, to })
      if (message.kind === "replicas") for (const { block } of message.replicas) this.replicas.push({ block, to })
      if (message.kind === "fetch") this.fetches.push({ to, request: message.request, count: message.blocks.length })
      if (message.kind === "tasksDone") for (const { outputs } of message.done) this.blocks.push(...outputs.map(({ block }) => block))
      if (message.kind === "report") for (const { block } of message.blocks) if (!this.blocks.includes(block)) this.blocks.push(block)
      if (receipt !== undefined)
        this.receipts.set(
          receipt,
          payload.map(one => [one, sum(one)]),
        )
    }
    this.check()
  }

  check(): void {
    for (const { bytes } of this.running.values())
      for (const [one, before] of bytes) assert.is(sum(one), before, "a running task's input changed")
    for (const bytes of this.receipts.values())
      for (const [one, before] of bytes) assert.is(sum(one), before, "a payload under way changed")
  }

  end(name: string, well: boolean, m = 0): Command[] {
    const { executor } = this.running.get(name)!
    this.running.delete(name)
    const bytes = m % 3 === 0 ? writeRegion([new Uint8Array(m), new Uint8Array(7)]) : lines("x".repeat(m * 10))
    const made = result({ bytes, rows: 1, ...(m % 4 === 0 && { base: true, keys: 1 }) })
    if (well) return this.w.step({ kind: "taskDone", task: name, executor, result: made, ms: 1 })
    return this.w.step({ kind: "taskFailed", task: name, executor, failure: { kind: "killed", message: "" }, ms: 1 })
  }

  do(act: Act): void {
    this.note(this.commandsOf(act))
  }

  commandsOf({ kind, n, m }: Act): Command[] {
    const { w } = this
    const master = `master#${this.master}`
    const any = <T>(list: readonly T[]): T | undefined => list[n % Math.max(1, list.length)]
    const remove = <T>(list: T[]): T | undefined => list.splice(n % Math.max(1, list.length), 1)[0]
    const other = everybody[n % everybody.length]!.node
    switch (kind) {
      case "batch":
        return w.batch(m % 5 === 0 ? n % Math.max(1, this.seq) : this.seq++, lines("y".repeat(n * 20)), `c#${m % 2}`)
      case "replica": {
        const batch = { session: `u${m % 2}`, stream: "views", seq: n % 50 }
        const of = m % 3 === 0 ? { output: `o${n}`, partition: 0, stream: "st", interval: n, base: m % 2 === 0 } : null
        const replica = { kind: "replica", block: `${other}-${n}`, batch: of === null ? batch : null, rows: 1, arrivedMs: 1, of } as const
        if (m % 5 === 0) {
          const { kind: _, ...one } = replica
          const two = { ...one, block: `${other}-${n}b` }
          return w.receive(other, { kind: "replicas", replicas: [one, two] }, lines("z".repeat(m * 10)), lines("y"))
        }
        return w.receive(other, replica, lines("z".repeat(m * 10)))
      }
      case "stored":
      case "refuse": {
        const replica = remove(this.replicas)
        if (replica === undefined) return []
        const { block, to } = replica
        if (kind === "stored" && m % 2 === 0) return w.receive(to, { kind: "replicasStored", blocks: [block, "none"] })
        return w.receive(to, kind === "stored" ? { kind: "replicaStored", block } : { kind: "replicaRefused", block, reason: "full" })
      }
      case "lost":
        return w.step({ kind: "lost", peer: other })
      case "peers": {
        const workers = everybody.filter((_, i) => ((m >> i) & 1) === 1)
        return w.receive(master, { kind: "peers", workers, minReplicas: 1 + (n % 2), replicas: 2 })
      }
      case "settle": {
        const block = any(this.blocks)
        if (block === undefined) return []
        const kept = m % 2 === 0 ? [{ block, stream: "s.1", interval: m }] : []
        return w.receive(master, { kind: "settled", kept, dropped: m % 2 === 0 ? [] : [block] })
      }
      case "forget": {
        const block = remove(this.blocks)
        const streams = m % 4 === 0 ? [{ stream: m % 8 === 0 ? "s.1" : "st", before: n }] : []
        return w.receive(master, { kind: "forget", blocks: block === undefined ? [] : [block], streams })
      }
      case "copy":
        return w.receive(master, {
          kind: "copy",
          copies: [{ to: other, blocks: [any(this.blocks) ?? "none", ...(m % 2 === 0 ? this.blocks.slice(0, 3) : [])] }],
        })
      case "serve": {
        const block = any(this.blocks) ?? "none"
        const asked = m % 2 === 0 ? [{ block }, { block: "none" }] : [{ block, section: m % 3 }, { block }]
        return w.receive(other, { kind: "fetch", request: n, blocks: asked })
      }
      case "launch": {
        const holders = [other, everybody[m % everybody.length]!.node]
        const parts = [
          { block: any(this.blocks) ?? "none", holders },
          { block: `far${n % 5}`, holders },
          { block: `far${m % 5}`, holders },
        ]
        const ref = { kind: "block", block: "b" } as const
        const tasks = [0, 1].map(i => {
          const affinity = n % 3 === 0 ? m : null
          const timeoutMs = m % 7 === 0 ? 100 : minute
          const pool = m % 5 === 0 ? ("query" as const) : ("stream" as const)
          return task(`t${this.launched++}`, { pool, affinity, timeoutMs, inputs: [{ ref, parts: parts.slice(0, (m + i) % 4) }] })
        })
        return w.launch(tasks, [stage()], master)
      }
      case "cancel":
        return w.receive(master, { kind: "cancel", tasks: [`t${this.launched - 1 - (n % 4)}`] })
      case "done":
      case "failed": {
        const name = any([...this.running.keys()])
        return name === undefined ? [] : this.end(name, kind === "done", m)
      }
      case "fetched":
      case "missing": {
        const fetch = remove(this.fetches)
        if (fetch === undefined) return []
        const { to, request, count } = fetch
        const all = Array.from({ length: count }, (_, i) => i)
        const payload = kind === "missing" ? [] : all.map(i => lines("f".repeat(m * 5 + i)))
        return w.receive(to, { kind: "fetched", request, missing: kind === "missing" ? all : [] }, ...payload)
      }
      case "receipt": {
        const receipt = any([...this.receipts.keys()])
        if (receipt === undefined) return []
        this.receipts.delete(receipt)
        return w.step({ kind: "receipt", receipt, lost: m % 2 === 0 })
      }
      case "time":
        return w.pass(n * (m % 10))
      case "master":
        this.master++
        this.note(w.welcome(`master#${this.master}`))
        return this.commandsOf({ kind: "peers", n, m: 7 })
      case "lostMaster":
        this.note(w.step({ kind: "lost", peer: master }))
        return w.welcome(master)
    }
  }

  /** Lets everything come to its end, and gives what is taken then. */
  calm(): number {
    const { w } = this
    const master = `master#${this.master}`
    for (let round = 0; round < 40; round++) {
      this.do({ kind: "peers", n: 0, m: 7 })
      for (const kind of ["stored", "missing", "receipt", "done"] as const) for (let n = 0; n < 50; n++) this.do({ kind, n: 0, m: 1 })
      this.note(w.pass(11_000))
    }
    this.note(w.step({ kind: "lost", peer: master }))
    this.note(w.welcome(master))
    const held = w.only("register").held.map(({ block }) => block)
    this.note(w.receive(master, { kind: "forget", blocks: held, streams: [] }))
    w.pass(minute)
    return w.only("heartbeat").usedBytes
  }
}

function sum(bytes: Uint8Array): string {
  let a = 0
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return `${bytes.length}:${a}:${b}`
}

test("any sequence of events", () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 20, maxLength: 150 }), acts => {
      const storm = new Storm()
      for (const one of acts) storm.do(one)
      assert.is(storm.calm(), 0, "bytes are left taken")
      assert.is(storm.running.size, 0)
    }),
    { numRuns: 60, seed: 4711 },
  )
})

test.run()
