import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Placement } from "../../cluster/scheduler/placement.js"

const test = suite("placement")

function placement(...workers: [name: string, cores: number, host?: string][]): Placement {
  const made = new Placement()
  for (const [name, cores, host] of workers) made.add(name, host ?? name, cores)
  return made
}

const homes = (made: Placement, n: number) => Array.from({ length: n }, (_, p) => ({ ...made.home(n, p)! }))
const count = (names: (string | null)[]) => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[String(name)] = (counts[String(name)] ?? 0) + 1
  return counts
}

test("homes are spread by cores, and on a worker over its executors", () => {
  const made = homes(placement(["w1", 2], ["w2", 1]), 6)
  assert.equal(count(made.map(({ worker }) => worker)), { w1: 4, w2: 2 })
  assert.equal(
    made.filter(({ worker }) => worker === "w1").map(({ affinity }) => affinity),
    [0, 1, 2, 3],
  )
})

test("the same for every stream of that many partitions", () => {
  const made = placement(["w1", 1], ["w2", 1])
  assert.equal(made.home(4, 3), made.home(4, 3))
})

test("backups of one worker's homes lie on all others, on another host if there is one", () => {
  const made = homes(placement(["w1", 1], ["w2", 1], ["w3", 1], ["w4", 1]), 12)
  const ofFirst = made.filter(({ worker }) => worker === "w1").map(({ backup }) => backup)
  assert.is(new Set(ofFirst).size, 3)
  const hosts = homes(placement(["w1", 1, "a"], ["w2", 1, "a"], ["w3", 1, "b"]), 6)
  for (const { worker, backup } of hosts) if (worker !== "w3") assert.is(backup, "w3")
})

test("when a worker is lost, the backup takes over, and there is a new one", () => {
  const made = placement(["w1", 1], ["w2", 1], ["w3", 1])
  const before = homes(made, 9)
  made.remove("w2")
  for (const [p, home] of homes(made, 9).entries()) {
    const was = before[p]!
    assert.is(home.worker, was.worker === "w2" ? was.backup : was.worker)
    assert.not.equal(home.backup, home.worker)
    assert.is.not(home.backup, "w2")
  }
})

test("a worker that joins takes its share, and those it takes from stay backups", () => {
  const made = placement(["w1", 1], ["w2", 1])
  const before = homes(made, 8)
  made.add("w3", "w3", 2)
  const after = homes(made, 8)
  assert.equal(count(after.map(({ worker }) => worker)), { w1: 2, w2: 2, w3: 4 })
  for (const [p, { worker, backup }] of after.entries()) if (worker === "w3") assert.is(backup, before[p]!.worker)
})

test("by locality, then load; never where it failed unless there is nothing else", () => {
  const made = placement(["w1", 1], ["w2", 1])
  const choose = (local: [string, number][], total: number, avoid: string[] = []) => made.choose("stream", new Map(local), total, avoid)
  assert.is(choose([["w2", 1000]], 1000), "w2")
  made.slot("w2")!.running.stream = 1
  assert.is(choose([["w2", 1000]], 1000), "w1", "little is moved rather than waited for")
  assert.is(choose([["w2", 8 << 20]], 8 << 20), "w2", "much is not")
  made.slot("w2")!.running.stream = 8
  assert.is(choose([["w2", 8 << 20]], 8 << 20), "w1", "it has no room")
  assert.is(choose([], 0, ["w1"]), null)
  assert.is(choose([], 0, ["w1", "w2"]), "w1")
})

test("a worker most of whose tasks are slow gets less and keeps fewer homes, until it has earned them back", () => {
  const made = placement(["w1", 2], ["w2", 2], ["w3", 2])
  const before = homes(made, 12)
  assert.equal(count(before.map(({ worker }) => worker)), { w1: 4, w2: 4, w3: 4 })
  const chosen = (tasks: number) => {
    const names = Array.from({ length: tasks }, () => {
      const node = made.choose("stream", new Map(), 0, [])!
      made.slot(node)!.running.stream += 1
      return node
    })
    for (const slot of made.slots) slot.running.stream = 0
    return count(names)
  }
  assert.equal(chosen(24), { w1: 8, w2: 8, w3: 8 })

  // One slow task in four is a large partition, not a slow worker.
  for (let i = 0; i < 100; i++) made.took("w1", i % 4 === 0 ? 400 : 100, 100)
  assert.equal(chosen(24), { w1: 8, w2: 8, w3: 8 })
  // Short ones are noise.
  for (let i = 0; i < 100; i++) made.took("w1", 8, 1)
  assert.equal(chosen(24), { w1: 8, w2: 8, w3: 8 })

  for (let i = 0; i < 40; i++) made.took("w1", 400, 100)
  const slow = chosen(24)
  assert.ok(slow.w1! <= 4 && slow.w1! >= 1, `${slow.w1} of 24 tasks`)
  const kept = homes(made, 12)
  assert.ok(count(kept.map(({ worker }) => worker)).w1! <= 2)
  // What it held it is still the second copy of.
  for (const [p, { worker, backup }] of kept.entries()) if (before[p]!.worker === "w1" && worker !== "w1") assert.is(backup, "w1")

  for (let i = 0; i < 40; i++) made.took("w1", 100, 100)
  assert.equal(chosen(24), { w1: 8, w2: 8, w3: 8 })
  assert.is(count(homes(made, 12).map(({ worker }) => worker)).w1, 4)
})

test.run()
