/**
 * The cluster held in hand: the real master, workers and planner in this process, a simulated clock, no socket.
 *
 * Time. Messages, tasks and disks take no time here, so all that follows from an event happens in the same instant, and the
 * clock moves by `advance` alone. `clock.now()` is that time; the cluster's own clock is a little further on, so that after
 * `advance` to an interval's end the interval is sealed and worked off. What is fed belongs to the interval of that moment: it
 * is received and copied before time goes on. (All this at the pace `instant`. At `random` everything takes its time, as the seed says.)
 *
 * A question that cannot be answered in its instant (a worker has just died, a task is on a slow one) lets the cluster's clock run on until it
 * is, which may take it into a later interval than the one that `clock.now()` names.
 */

import { inspect } from "node:util"
import { encodeRows } from "../../engine/block/block.js"
import { asError, RivuletError } from "../../engine/errors.js"
import { checkOptions } from "../../engine/fluent/options.js"
import { type Duration, parseDuration, parseTime } from "../../engine/time.js"
import { RuntimeCalls } from "../client/calls.js"
import { ClientMachine } from "../client/client.js"
import type { ClientSession } from "../client/client-session.js"
import { createSession } from "../client/create-session.js"
import { fileText } from "../client/source-text.js"
import { rivuletVersion, runtimeVersion } from "../version.js"
import { SimulatedCluster } from "./cluster.js"
import { SimulatedDrivers } from "./drivers.js"
import { MemoryPool } from "./memory.js"
import { addressOf } from "./network.js"
import { SimulatedNode } from "./node.js"
import { type Pace, paces } from "./pace.js"
import { readsLines, receivers } from "./receivers.js"
import type { SimulateOptions, Simulation } from "./simulation.js"
import type { SimulatedSources } from "./sources.js"
import { World } from "./world.js"

/** How far the cluster's clock is ahead of the user's. */
const aheadMs = 2
/** How long a question may let time run before it counts as hanging. */
const patienceMs = 60_000
/** Of all clusters of this process: to make a memory anew costs as much as a small program. */
const memories = new MemoryPool(16 * 1024 * 1024)
/** How long, of real time, a body of `foreachRDD` may wait for something real before time goes on without it. */
const bodyPatienceMs = 10_000
const defaultStartMs = Date.UTC(2026, 0, 1)

const simulateNames: readonly string[] = Object.keys({
  workers: 0,
  seed: 0,
  pace: 0,
  start: 0,
  partitions: 0,
  kills: 0,
  onKill: 0,
  files: 0,
  compiled: 0,
  taskTimeout: 0,
  resolvePath: 0,
} satisfies Record<keyof SimulateOptions, 0>)

/** A cluster in this process: master `master`, workers `w1`, `w2` …, no socket, no waiting. */
export async function simulate(options: SimulateOptions = {}): Promise<Simulation> {
  checkOptions(options, { of: "simulate", names: simulateNames })
  const { workers = 3, seed = 1, partitions = 4 } = options
  if (!Number.isSafeInteger(workers) || workers < 1 || workers > 200) {
    throw new RivuletError(`a cluster of ${workers} workers cannot be simulated`, { code: 2, try: "workers: 1 to 200" })
  }
  const startMs = options.start === undefined ? defaultStartMs : parseTime(options.start, { nowMs: defaultStartMs, tz: "UTC" })
  const hand = new Hand(seed, startMs, workers, options)
  const calls = hand.calls()
  const { resolvePath } = options
  const session = await createSession(calls, {
    user: "test",
    partitions,
    advance: ms => hand.advance(ms),
    timeoutMs: patienceMs,
    textOf: fileText(),
    ...(resolvePath && { resolvePath }),
  })
  hand.session = session
  return Object.assign(session, {
    feed: (stream: string, records: Iterable<unknown>) => hand.feed(stream, [...records]),
    advance: (by: Duration) => hand.advance(parseDuration(by)),
    kill: (node: string) => hand.kill(node),
    restart: (node: string) => hand.restart(node),
    slow: (node: string, factor: number) => hand.slow(node, factor),
    jump: (node: string, ms: number) => hand.jump(node, ms),
    files: hand.files,
    sources: hand.sources,
  })
}

class Hand {
  session: ClientSession | null = null
  readonly #world: World
  readonly #cluster: SimulatedCluster
  readonly #startMs: number
  readonly #pace: Pace
  #node: SimulatedNode | null = null
  #calls: RuntimeCalls | null = null
  /** Simulated ms since the start, as the user counts. */
  #nowMs = 0
  readonly #open = new Set<number>()
  #heard = false
  #pumping = false
  /** How far time may run for the calls that are open. */
  #patientUntilMs = 0
  #advancing = 0
  #fed: { readonly stream: string; readonly records: readonly unknown[] }[] = []
  readonly #known = new Set<string>()
  #failed: Error | null = null

  constructor(
    seed: number,
    startMs: number,
    workers: number,
    { kills = [], onKill, files, compiled = true, pace = "instant", taskTimeout = "30s" }: SimulateOptions,
  ) {
    this.#startMs = startMs
    this.#pace = paces[pace]
    this.#world = new World(seed)
    this.#cluster = new SimulatedCluster(this.#world, memories, {
      epochMs: startMs,
      compiled,
      endless: true,
      costs: this.#pace.costs,
      // What is due goes out in its instant.
      master: { gatherMs: 0, taskTimeoutMs: parseDuration(taskTimeout), driverTimeoutMs: 2 * parseDuration(taskTimeout) },
    })
    this.#cluster.network.weather = this.#pace.weather
    this.#cluster.network.noticesDeath = true
    if (!this.#pace.disksTakeTime) {
      this.#cluster.journal.meanSyncMs = 0
      this.#cluster.disk.meanMs = 0
    }
    this.#cluster.disk.outside = files ?? null
    this.#cluster.startMaster()
    for (let i = 1; i <= workers; i++) this.#cluster.startWorker(`w${i}`)
    for (const kill of kills) {
      this.#check(kill.node)
      this.#world.at(kill.atMs, () => {
        this.kill(kill.node)
        onKill?.(kill)
      })
    }
    this.#world.runUntil(aheadMs)
  }

  get files(): Map<string, Uint8Array> {
    return this.#cluster.disk.files
  }

  get sources(): SimulatedSources {
    return this.#cluster.sources
  }

  calls(): RuntimeCalls {
    const machine = new ClientMachine({
      address: addressOf("master"),
      user: "test",
      version: rivuletVersion,
      runtime: runtimeVersion,
      // At once with the master again when it is back: what is fed then belongs to that moment.
      config: { helloMs: 10, retryMs: 10 },
    })
    const node = new SimulatedNode(this.#world, this.#cluster.network, {
      node: "client#1",
      machine,
      place: null,
      epochMs: this.#startMs,
      perform: command => {
        this.#heard = true
        if (command.kind === "answer" && command.call >= 0) this.#open.delete(command.call)
        this.#calls?.perform(command)
      },
    })
    this.#node = node
    node.start()
    this.#calls = new RuntimeCalls({
      call: call => {
        // A cancel has no answer of its own.
        if (call.call.kind !== "cancel") this.#open.add(call.id)
        this.#patientUntilMs = this.#world.nowMs + patienceMs
        node.dispatch({ kind: "call", call })
        this.#pump()
      },
      now: () => this.#startMs + this.#nowMs,
      close: async () => this.#cluster.close(),
    })
    this.#cluster.drivers = new SimulatedDrivers(this.#calls, "test")
    return this.#calls
  }

  /** Throws a RivuletError of code 2 for a record that is no line, where the input parses lines. */
  feed(stream: string, records: readonly unknown[]): void {
    const odd = records.find(record => typeof record !== "string")
    if (odd !== undefined && readsLines(this.session?.host.definitions.all() ?? [], stream))
      throw new RivuletError(`${stream} reads lines: ${inspect(odd, { depth: 0 })} is none`, { code: 2, try: "JSON.stringify it" })
    if (records.length > 0) this.#fed.push({ stream, records })
    this.#pump()
  }

  async advance(ms: number): Promise<void> {
    await this.#sendFed()
    this.#advancing += 1
    try {
      this.#nowMs += ms
      const untilMs = this.#nowMs + aheadMs
      while (this.#world.step(untilMs)) await this.#yieldIfHeard()
      this.#world.runUntil(untilMs)
      if (this.#failed !== null) throw this.#failed
    } finally {
      this.#advancing -= 1
    }
  }

  kill(name: string): void {
    this.#check(name)
    if (name === "master") this.#cluster.killMaster()
    else this.#cluster.killWorker(name)
  }

  /** The node starts again, as a new process with what its disk holds. */
  restart(name: string): void {
    this.#check(name)
    this.kill(name)
    if (name === "master") this.#cluster.startMaster()
    else this.#cluster.startWorker(name)
  }

  slow(name: string, factor: number): void {
    this.#check(name)
    const executors = this.#cluster.worker(name)?.executors
    if (executors === undefined) throw new RivuletError(`${name} runs no tasks`, { code: 2, try: "slow a worker: w1" })
    executors.costs = this.#pace.slowed(factor)
    executors.factor = factor
  }

  jump(name: string, ms: number): void {
    this.#check(name)
    const node = name === "master" ? this.#cluster.master : this.#cluster.worker(name)?.node
    if (node != null) node.clock.wallErrorMs += ms
  }

  #check(name: string): void {
    if (name === "master" || this.#cluster.worker(name) !== undefined) return
    throw new RivuletError(`there is no node ${name}`, { code: 2, try: "master, w1, w2 …" })
  }

  /** Sends what was fed, and lets it be received, in this instant. */
  async #sendFed(): Promise<void> {
    const { session } = this
    if (session === null) return
    await session.flush()
    // Whoever feeds a stream knows who receives it, though the master may have died since.
    for (const stream of receivers(session.host.definitions.all())) {
      if (this.#known.has(stream)) continue
      this.#known.add(stream)
      this.#calls!.call({ kind: "sent", session: session.id, stream }).catch(() => {})
    }
    const fed = this.#fed.splice(0)
    await this.#checkFed(fed.map(({ stream }) => stream))
    for (const { stream, records } of fed) {
      const payload = [encodeRows(records)]
      this.#calls!.call({ kind: "send", session: session.id, stream, rows: records.length }, { payload }).catch(error => {
        this.#failed ??= asError(error)
      })
    }
    while (this.#world.step(this.#world.nowMs)) await this.#yieldIfHeard()
  }

  /** A stream may be defined after it was fed, as long as no time has passed: who sends waits for it, whoever meant another would wait for ever. */
  async #checkFed(streams: readonly string[]): Promise<void> {
    const { host } = this.session!
    const there = () => new Set(receivers(host.definitions.all()))
    const unknown = streams.find(stream => !there().has(stream))
    if (unknown === undefined) return
    const names = [...there()]
    throw new RivuletError(`${unknown} is fed, and the program reads no such stream`, {
      code: 2,
      try: names.length === 0 ? `readStream("${unknown}", "1s")` : `feed one of ${names.join(", ")}`,
    })
  }

  /** Whoever awaits an answer goes on before more happens; so does a body of `foreachRDD`, until it asks or ends. */
  async #yieldIfHeard(): Promise<void> {
    if (this.#heard) {
      this.#heard = false
      await new Promise(resolve => setImmediate(resolve))
    }
    const { drivers } = this.#cluster
    while (drivers?.busy === true) {
      if (!(await endsWithin(drivers.idle(), bodyPatienceMs))) return
      // What the body does beside what it has just asked.
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** A question that is never answered fails, as a test that waits for it must. */
  #giveUp(): void {
    const message = `not answered within ${patienceMs / 1000} s of the simulated clock`
    const error = { message, code: 124, try: "restart(node): the master, or every worker that has the data, is down" }
    for (const call of [...this.#open]) {
      this.#open.delete(call)
      this.#calls?.perform({ kind: "answer", call, error })
    }
  }

  /** While calls are open and nobody advances: what follows in this instant, then as much time as an answer takes. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    void (async () => {
      await new Promise(resolve => setImmediate(resolve))
      while (this.#open.size > 0 && this.#advancing === 0) {
        if (!this.#world.step(this.#patientUntilMs)) {
          this.#giveUp()
          break
        }
        await this.#yieldIfHeard()
      }
      this.#pumping = false
      if (this.#open.size > 0 && this.#advancing > 0) setImmediate(() => this.#pump())
    })().catch(error => {
      this.#failed = error as Error
      this.#calls?.end(this.#failed)
      this.#pumping = false
    })
  }
}

/** False: it has not ended after so much real time. */
async function endsWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
