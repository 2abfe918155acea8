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

test.run()
