import { suite } from "uvu"
import * as assert from "uvu/assert"
import { decodePacket, encodeMessage, encodePacket } from "../../cluster/codec.js"
import type { Command, Machine, NodeEvent, Now } from "../../cluster/ports.js"
import type { Message } from "../../cluster/protocol.js"
import { type EffectCommand, NodeRuntime } from "../../cluster/runtime.js"
import { addressOf, Network, type Weather } from "../../cluster/testing/network.js"
import { SimulatedNode } from "../../cluster/testing/node.js"
import { World } from "../../cluster/testing/world.js"

const test = suite("runtime")

/** A runtime whose effects are written down. */
function alone(
  step: (event: NodeEvent, now: Now) => Command[],
  rethrow = false,
  name = "a",
  send: (to: string, frames: readonly Uint8Array[]) => void = () => {},
) {
  const seen = { said: [] as string[], wakes: [] as (number | null)[], performed: [] as EffectCommand[], sent: 0, nowMs: 0 }
  const runtime = new NodeRuntime({
    node: `${name}#1`,
    machine: { step },
    rethrow,
    effects: {
      now: () => ({ monotonicMs: seen.nowMs, wallMs: seen.nowMs }),
      send: (to, frames) => {
        seen.sent += 1
        send(to, frames)
      },
      connect: () => {},
      disconnect: () => {},
      renew: () => {},
      wakeAt: ms => seen.wakes.push(ms),
      perform: command => {
        if (command.kind === "say") seen.said.push(command.text)
        else seen.performed.push(command)
      },
    },
  })
  return { runtime, seen }
}

test("garbage is counted and said once, and reaches no machine", () => {
  const events: string[] = []
  const { runtime, seen } = alone(event => {
    events.push(event.kind)
    return []
  })
  runtime.start()
  for (let i = 0; i < 10; i++) runtime.receive([Uint8Array.of(1, 2, 3)])
  assert.equal(events, ["started"])
  assert.is(runtime.dropped.malformed, 10)
  assert.is(seen.said.length, 1)
})

test("an exception of the machine is said, and the next event is handled", () => {
  const events: string[] = []
  const { runtime, seen } = alone(event => {
    events.push(event.kind)
    if (event.kind === "started") throw new Error("no such thing")
    return []
  })
  runtime.start()
  runtime.dispatch({ kind: "call", call: 1 })
  assert.equal(events, ["started", "call"])
  assert.match(seen.said[0]!, /cannot handle started: .*no such thing/)
  assert.throws(
    () =>
      alone(() => {
        throw new Error("boom")
      }, true).runtime.start(),
    /boom/,
  )
})

test("a machine is not entered twice: events of its own commands come after", () => {
  const order: string[] = []
  const made = alone(event => {
    order.push(`${event.kind}(`)
    const commands: Command[] =
      event.kind === "started"
        ? [
            { kind: "send", to: "a", message: { kind: "bye" }, receipt: "r" },
            { kind: "exit", code: 0, reason: "" },
          ]
        : []
    order.push(")")
    return commands
  })
  made.runtime.start()
  assert.equal(order, ["started(", ")", "received(", ")", "receipt(", ")"])
})

test("last words go until they have arrived; the machine hears nothing meanwhile", () => {
  const events: string[] = []
  const network = new Map<string, NodeRuntime>()
  const frames: (() => void)[] = []
  const node = (name: string, step: Machine["step"]) => {
    const { runtime } = alone(step, true, name, (to, parts) => frames.push(() => network.get(to.split("#")[0]!)!.receive(parts)))
    network.set(name, runtime)
    return runtime
  }
  const a = node("a", event => {
    events.push(event.kind)
    return event.kind === "call" ? [{ kind: "send", to: "b", message: { kind: "bye" } }] : []
  })
  node("b", ({ kind }) => (kind === "received" ? [{ kind: "send", to: "a", message: { kind: "bye" } }] : [])).start()
  const arrive = () => {
    for (const frame of frames.splice(0)) frame()
  }
  let heard = 0
  const finish = () => {
    events.length = 0
    a.finish(() => heard++)
  }
  a.start()
  a.dispatch({ kind: "call", call: 1 })
  arrive()
  arrive()
  arrive()
  finish()
  assert.is(heard, 0)
  while (frames.length > 0) arrive()
  assert.ok(heard > 0)
  assert.equal(events, [])
})

test("ticks come at the time asked for last, and at least every tickMs; a time gone by does not spin", () => {
  const ticks: number[] = []
  const { runtime, seen } = alone((event, now) => {
    if (event.kind === "started")
      return [
        { kind: "wake", atMonotonicMs: 70 },
        { kind: "wake", atMonotonicMs: 30 },
      ]
    if (event.kind === "tick") ticks.push(now.monotonicMs)
    return now.monotonicMs === 30 ? [{ kind: "wake", atMonotonicMs: 10 }] : []
  })
  runtime.start()
  for (let i = 0; i < 4; i++) {
    seen.nowMs = seen.wakes.at(-1)!
    runtime.tick()
  }
  assert.equal(ticks, [30, 31, 131, 231])
})

test("who came with a key for reading asks and fetches; all else is dropped, and so is another's name", () => {
  const heard: string[] = []
  const { runtime } = alone(event => {
    if (event.kind === "received") heard.push(`${event.message.kind} ${event.from} ${event.readOnly === true}`)
    return []
  })
  runtime.start()
  const told = (message: Message, { from = "c#1", reader }: { from?: string; reader?: string } = { reader: "c" }) =>
    runtime.receive(
      encodePacket({
        kind: "datagram",
        from,
        to: "a#1",
        fromLink: 0,
        toLink: 0,
        seq: 0,
        ack: 0,
        sacks: [],
        body: encodeMessage(message, []),
      }),
      reader,
    )
  const hello = { kind: "hello", user: "ann", version: "1", runtime: "node" } as const
  told({ ...hello, role: "client" })
  told({ kind: "request", id: 1, body: { kind: "status" } })
  told({ kind: "fetch", request: 1, blocks: [] })
  told({ ...hello, role: "worker" })
  told({ kind: "register", name: "c", address: "", host: "", cores: 1, capBytes: 1, held: [] })
  told({ kind: "peers", workers: [], minReplicas: 1, replicas: 1 })
  told({ kind: "request", id: 2, body: { kind: "shutdown" } }, { from: "master#1", reader: "c" })
  assert.equal(heard.splice(0), ["hello c#1 true", "request c#1 true", "fetch c#1 true"])
  assert.is(runtime.dropped.malformed, 4)
  told({ kind: "peers", workers: [], minReplicas: 1, replicas: 1 }, { reader: undefined })
  assert.equal(heard, ["peers c#1 false"], "the list has changed")
})

test("what a client begins with goes right behind its knock, and alone when the other is known", () => {
  const hello = { kind: "hello", role: "client", user: "ann", version: "1", runtime: "node" } as const
  const sent: string[] = []
  const runtime = new NodeRuntime({
    node: "c#1",
    machine: { step: event => (event.kind === "call" ? [{ kind: "send", to: "master", message: event.call as Message }] : []) },
    effects: {
      now: () => ({ monotonicMs: 0, wallMs: 0 }),
      send: (_, frames) => {
        const packet = decodePacket(frames)
        if (packet.ok) sent.push(packet.value.kind)
      },
      connect: () => {},
      disconnect: () => {},
      renew: () => {},
      wakeAt: () => {},
      perform: () => {},
    },
  })
  runtime.start()
  runtime.dispatch({ kind: "call", call: hello })
  assert.equal(sent.splice(0), ["knock", "datagram"])
  const here = { kind: "here", from: "master#1", to: "c#1", fromLink: 7, toLink: 1, seq: 0, ack: 0, sacks: [], body: null } as const
  runtime.receive(encodePacket(here))
  assert.equal(sent.splice(0), ["data"])
  runtime.dispatch({ kind: "call", call: hello })
  assert.equal(sent.splice(0), ["data"])
  runtime.dispatch({ kind: "call", call: { kind: "hello", role: "worker", user: "w", version: "1", runtime: "node" } })
  assert.equal(sent.splice(0), ["data"])
})

// ── two nodes in bad weather ──

/** Sends numbered regions of a small memory; uses a region again when it has its receipt. */
class Pourer implements Machine {
  readonly #regions = Array.from({ length: 8 }, () => new Uint8Array(64))
  readonly #free = this.#regions.map((_, i) => i)
  readonly #inUse = new Map<string, number>()
  #next = 0
  lost = 0

  constructor(
    readonly total: number,
    readonly respectReceipts: boolean,
  ) {}

  step(event: NodeEvent, now: Now): Command[] {
    const commands: Command[] = []
    if (event.kind === "started") commands.push({ kind: "connect", to: "b", address: addressOf("b") })
    if (event.kind === "receipt" && event.lost) this.lost += 1
    if (event.kind === "receipt" && this.respectReceipts) this.#free.push(this.#inUse.get(event.receipt)!)
    while (this.#next < this.total && this.#free.length > 0) {
      const region = this.#free.shift()!
      const n = this.#next++
      this.#regions[region]!.fill(n % 251)
      this.#inUse.set(`r${n}`, region)
      if (!this.respectReceipts) this.#free.push(region)
      commands.push({
        kind: "send",
        to: "b",
        message: { kind: "fetched", request: n, missing: [] },
        payload: [this.#regions[region]!],
        receipt: `r${n}`,
      })
      if (!this.respectReceipts && n % 8 === 7) break
    }
    commands.push({ kind: "wake", atMonotonicMs: now.monotonicMs + 10 })
    return commands
  }
}

class Drinker implements Machine {
  readonly got: number[] = []
  spoiled = 0

  step(event: NodeEvent): Command[] {
    if (event.kind !== "received" || event.message.kind !== "fetched") return []
    const n = event.message.request
    this.got.push(n)
    if (!event.payload[0]!.every(byte => byte === n % 251)) this.spoiled += 1
    return []
  }
}

const rough: Weather = { minDelayMs: 1, meanDelayMs: 20, loss: 0.2, duplicate: 0.2, straggle: 0.1, straggleMs: 300 }

function pour(seed: number, respectReceipts: boolean) {
  const world = new World(seed)
  const network = new Network(world)
  network.weather = rough
  const drinker = new Drinker()
  const pourer = new Pourer(200, respectReceipts)
  const perform = () => {}
  const b = new SimulatedNode(world, network, { node: "b#1", machine: drinker, place: "b", perform, epochMs: 0 })
  const a = new SimulatedNode(world, network, {
    node: "a#1",
    machine: pourer,
    place: null,
    perform,
    epochMs: 0,
    clock: { monotonicFromMs: 5_000, rate: 1.01, wallErrorMs: 0 },
  })
  b.start()
  a.start()
  world.runUntil(600_000)
  return { drinker, hash: world.trace.hash }
}

test("payloads arrive as sent when memory is used again after the receipt; earlier, it shows", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { drinker, hash } = pour(seed, true)
    assert.equal(
      drinker.got,
      Array.from({ length: 200 }, (_, i) => i),
    )
    assert.is(drinker.spoiled, 0)
    assert.is(pour(seed, true).hash, hash, "the same seed, another trace")
  }
  assert.ok(pour(1, false).drinker.spoiled > 0)
})

test.run()
