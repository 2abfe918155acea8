/** Who counts though it is not there: copies are waited for as if they could still be had. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { WorkerRegistry } from "../../cluster/master/worker-registry.js"

const registered = (registry: WorkerRegistry, name: string, nowMs: number) =>
  registry.register(`${name}#1`, { kind: "register", name, address: `tcp://${name}`, host: name, cores: 1, capBytes: 1e6, held: [] }, nowMs)

test("workers that others expect count as lost from then on, until they come", () => {
  const registry = new WorkerRegistry(1_000, 500)
  registered(registry, "w1", 100)
  registry.expect("w1", 100)
  registry.expect("w2", 100)
  assert.equal([registry.size, registry.lostSince(0)], [1, 1], "w1 is here")
  registry.expect("w2", 5_000)
  assert.is(registry.lostSince(200), 0, "missed since the first has said so")
  registered(registry, "w2", 6_000)
  assert.equal([registry.size, registry.lostSince(0)], [2, 0])
})

test("who was taken for dead and was only busy is waited for longer, for a while; a new process is not", () => {
  const registry = new WorkerRegistry(1_000, 500)
  const deadAt = (nowMs: number) => registry.dead(nowMs).map(({ node }) => node)
  registered(registry, "w1", 0)
  assert.equal([deadAt(999), deadAt(1_000)], [[], ["w1#1"]])
  for (const [fromMs, patienceMs] of [
    [2_000, 2_000],
    [5_000, 4_000],
    [10_000, 4_000],
  ] as const) {
    registry.remove("w1#1", fromMs - 1)
    registered(registry, "w1", fromMs)
    assert.equal([deadAt(fromMs + patienceMs - 1), deadAt(fromMs + patienceMs)], [[], ["w1#1"]], `from ${fromMs}`)
  }
  registry.heartbeat("w1#1", { load: 0, queued: 0, usedBytes: 0, blocks: 0, dropped: 0 } as never, 80_000)
  assert.equal(deadAt(81_000), ["w1#1"], "it has been calm for a minute")
  registry.remove("w1#1", 81_000)
  const again = { kind: "register", name: "w1", address: "tcp://w1", host: "w1", cores: 1, capBytes: 1e6, held: [] } as const
  registry.register("w1#2", again, 82_000)
  assert.equal(deadAt(83_000), ["w1#2"])
})

test("who was started again before its end was seen is not lost as well", () => {
  const registry = new WorkerRegistry(1_000, 500)
  registered(registry, "w1", 0)
  const { replaced } = registry.register(
    "w1#2",
    { kind: "register", name: "w1", address: "tcp://w1", host: "w1", cores: 1, capBytes: 1e6, held: [] },
    100,
  )
  assert.equal(replaced, ["w1#1"])
  for (const node of replaced) registry.remove(node, 100)
  assert.equal([registry.size, registry.lostSince(0)], [1, 0])
})

test.run()
