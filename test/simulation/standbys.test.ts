/** Several masters that share a store: who leads, and that nobody else's word counts. Whole clusters under simulated time. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { SimulatedCluster } from "../../cluster/testing/cluster.js"
import { MemoryPool } from "../../cluster/testing/memory.js"
import { World } from "../../cluster/testing/world.js"

const test = suite("simulation/standbys")
const memories = new MemoryPool()

class Masters {
  readonly world: World
  readonly cluster: SimulatedCluster
  readonly joined: string[] = []

  constructor(seed: number, candidates = 2) {
    this.world = new World(seed)
    this.cluster = new SimulatedCluster(this.world, memories, {
      candidates,
      watchMaster: machine => ({
        step: (event, now) => {
          if (event.kind === "received" && event.message.kind === "register") this.joined.push(event.from)
          return machine.step(event, now)
        },
      }),
    })
    this.cluster.startMaster()
    this.cluster.startWorker("w1")
    this.until(() => this.joined.length === 1, "a worker is with the first master")
  }

  get leader(): (typeof this.cluster.candidates)[number] {
    const leader = this.cluster.candidates.find(({ node }) => node === this.cluster.master)
    assert.ok(leader, "somebody leads")
    return leader
  }

  get epochs(): number[] {
    return this.cluster.journal.history().flatMap(record => (record.kind === "epoch" ? [record.epoch] : []))
  }

  until(done: () => boolean, what: string): void {
    assert.ok(this.world.runWhileNot(done, this.world.nowMs + 60_000), what)
  }

  close(): void {
    assert.equal(this.world.breaches, [])
    this.cluster.close()
  }
}

test("when the leading master dies another takes over, and workers come to it; what was the first stands by", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const m = new Masters(seed)
    const first = m.leader
    first.kill()
    m.until(() => m.cluster.master !== null, "another leads")
    assert.is.not(m.leader.place, first.place)
    m.until(() => m.joined.length === 2, "the worker has found it")
    first.start()
    m.world.runUntil(m.world.nowMs + 10_000)
    assert.is(first.node, null)
    assert.equal(m.epochs, [1, 2])
    m.close()
  }
})

test("one that stood still for longer than its lease has nothing more to say; it ends, and stands by", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const m = new Masters(seed)
    const first = m.leader
    const { writer } = first
    first.node!.stall(8_000)
    m.until(() => m.cluster.master !== null && m.leader !== first, "another leads while it stands still")
    const length = m.cluster.journal.history().length
    m.world.runUntil(m.world.nowMs + 20_000)
    assert.is.not(first.writer, writer, "its process has ended and was started again")
    assert.is(first.node, null)
    assert.equal(m.epochs, [1, 2])
    assert.ok(m.cluster.journal.history().length >= length)
    m.close()
  }
})

test("one that does not reach the store gives up before another may lead", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const m = new Masters(seed, 3)
    const first = m.leader
    m.cluster.store.part(first.place)
    let both = 0
    m.until(() => {
      const leaders = m.cluster.candidates.filter(({ node }) => node !== null)
      both = Math.max(both, leaders.length)
      return leaders.length === 1 && leaders[0] !== first
    }, "another leads")
    assert.is(both, 1)
    m.close()
  }
})

test("what is killed between two lives stays dead until it is started", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const m = new Masters(seed)
    const first = m.leader
    m.cluster.store.part(first.place)
    m.until(() => first.node === null, "it has ended by itself")
    const { writer } = first
    first.kill()
    m.cluster.store.mend(first.place)
    m.world.runUntil(m.world.nowMs + 5_000)
    assert.is(first.writer, writer)
    first.start()
    assert.is.not(first.writer, writer)
    m.close()
  }
})

test("a standby that stands still takes nothing over; when it goes on it does", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const m = new Masters(seed)
    const { leader: first, world, cluster } = m
    const standby = cluster.candidates.find(candidate => candidate !== first)!
    const untilMs = world.nowMs + 20_000
    standby.stall(20_000)
    first.kill()
    world.runUntil(untilMs)
    assert.is(cluster.master, null)
    m.until(() => cluster.master !== null, "it leads")
    assert.is(m.leader, standby)
    m.close()
  }
})

test("of two that find the lease free one leads", () => {
  for (let seed = 100; seed < 130; seed++) {
    const m = new Masters(seed, 3)
    m.world.runUntil(m.world.nowMs + 5_000)
    assert.is(m.cluster.candidates.filter(({ node }) => node !== null).length, 1)
    assert.equal(m.epochs, [1])
    m.close()
  }
})

test.run()
