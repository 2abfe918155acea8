/** Memory over its cap: who goes to disk, and how what is there is read. Events in, commands out. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { StoredBlock } from "../../cluster/worker/block-store.js"
import { DiskBudget } from "../../cluster/worker/disk-budget.js"
import { Spill } from "../../cluster/worker/spill.js"
import { SpillRate } from "../../cluster/worker/spill-rate.js"
import { Bench, lines, masterAheadMs, minute, result, stage, task } from "./bench.js"

const test = suite("worker/spill")

const config = { spillDir: "/spill", evictAbove: 0, evictTo: 0, evictAllAbove: 1, masterTimeoutMs: minute }
const large = (letter: string) => lines(...Array.from({ length: 20 }, () => letter.repeat(20_000)))
const blockBytes = large("a").byteLength

/** A worker alone that has received these blocks, each sealed in the interval of that number. Gives their ids. */
function withSealed(w: Bench, ...letters: readonly string[]): string[] {
  return letters.map((letter, i) => {
    w.batch(i + 1, large(letter))
    w.pass(10)
    const before = w.inventory()
    const { block } = before.at(-1)!
    w.receive("master#1", { kind: "settled", kept: [{ block, stream: "s.1", interval: masterAheadMs + i * 1_000 }], dropped: [] })
    return block
  })
}

const uses = (neededFrom: number) => ({ kind: "uses", streams: [{ stream: "s.1", neededFrom }] }) as const
const alone = (overrides = {}) => new Bench({ config: { ...config, ...overrides } }).join([])

/** What the worker wrote last, as the disk would have it. */
function written(w: Bench): { path: string; request: string; bytes: Buffer } {
  const [spill] = w.command("spill")
  assert.ok(spill, "something goes to disk")
  return { path: spill.path, request: spill.request, bytes: Buffer.concat(spill.parts) }
}

test("what nothing will be computed from goes, the oldest first, in one file; what is needed stays", () => {
  const w = alone()
  withSealed(w, "a", "b", "c")
  assert.is(w.pass(1_000).filter(({ kind }) => kind === "spill").length, 0, "nobody said what may go")
  w.receive("master#1", uses(masterAheadMs + 2_000))
  w.pass(1_000)
  const { bytes, request } = written(w)
  assert.is(bytes.length, 2 * blockBytes)
  assert.ok(bytes.subarray(0, blockBytes).equals(large("a")) && bytes.subarray(blockBytes).equals(large("b")))
  w.step({ kind: "fileWritten", request })
  const beats = w.pass(1_000).flatMap(c => (c.kind === "send" && c.message.kind === "heartbeat" ? [c.message] : []))
  assert.is(beats[0]!.spilledBytes, 2 * blockBytes)
  assert.ok(beats[0]!.usedBytes < 2 * blockBytes, "its memory is free")
})

test("a task, a peer and a copy get what is on disk; the answer says that it was", () => {
  const w = alone()
  const [block] = withSealed(w, "a")
  w.receive("master#1", uses(masterAheadMs + 9_000))
  w.pass(1_000)
  const { bytes, request, path } = written(w)
  w.step({ kind: "fileWritten", request })

  w.receive("w9#1", { kind: "fetch", request: 7, blocks: [{ block: "nobody's" }, { block: block! }] })
  const [read] = w.command("readFile")
  assert.equal([read!.path, read!.from, read!.to], [path, 0, blockBytes])
  w.step({ kind: "fileRead", request: read!.request, bytes })
  const fetched = w.only("fetched")
  assert.equal([fetched.missing, fetched.disk, fetched.payload.length], [[0], true, 1])
  assert.ok(Buffer.from(fetched.payload[0]!).equals(bytes))

  const ref = { kind: "block", block: block!, stream: "s.1", interval: masterAheadMs } as never
  w.launch([task("t.1", { inputs: [{ ref, parts: [{ block: block!, holders: ["w1#1"] }] }] })])
  assert.equal(w.command("submit"), [], "not before it is here")
  const [again] = w.command("readFile")
  w.step({ kind: "fileRead", request: again!.request, bytes })
  const [part] = w.command("submit")[0]!.run.inputs[0]!.parts
  assert.ok(Buffer.from(part!.bytes!).equals(bytes))
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  assert.is(w.only("tasksDone").done[0]!.diskBytes, blockBytes)
  assert.equal([read!.lent, again!.lent, w.command("readOver")], [undefined, true, [{ kind: "readOver", request: again!.request }]])
})

test("tasks that want a block at once read it once; its memory is given back when the last of them is over", () => {
  const w = alone()
  const [block] = withSealed(w, "a")
  w.receive("master#1", uses(masterAheadMs + 9_000))
  w.pass(1_000)
  const { bytes, request } = written(w)
  w.step({ kind: "fileWritten", request })
  const inputs = [
    {
      ref: { kind: "block", block: block!, stream: "s.1", interval: masterAheadMs } as never,
      parts: [{ block: block!, holders: ["w1#1"] }],
    },
  ]
  w.launch([task("t.1", { inputs }), task("t.2", { inputs }), task("t.3", { inputs })])
  const reads = w.command("readFile")
  assert.is(reads.length, 1)
  w.receive("master#1", { kind: "cancel", tasks: ["t.3"] })
  w.step({ kind: "fileRead", request: reads[0]!.request, bytes })
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  assert.equal(w.command("readOver"), [])
  w.step({ kind: "taskDone", task: "t.2", executor: 0, result: result(), ms: 1 })
  assert.equal(w.command("readOver"), [{ kind: "readOver", request: reads[0]!.request }])
})

test("a file that cannot be read back: the block is no longer held, and the task says where it was not", () => {
  const w = alone()
  const [block] = withSealed(w, "a")
  w.receive("master#1", uses(masterAheadMs + 9_000))
  w.pass(1_000)
  w.step({ kind: "fileWritten", request: written(w).request })
  const ref = { kind: "output", output: "o", partition: 0 } as const
  w.launch([task("t.2", { inputs: [{ ref, parts: [{ block: block!, holders: ["w1#1"] }] }] })])
  const [read] = w.command("readFile")
  w.step({ kind: "fileFailed", request: read!.request, error: "cannot read it: input/output error" })
  const { failure } = w.only("tasksDone").done[0]!
  assert.equal([failure!.kind, failure!.block, failure!.from], ["fetch", block, "w1#1"])
  assert.is(w.inventory().length, 0)
})

test("what was written anew since it was looked up is read where it is now, and not dropped", () => {
  const files = new Map([["/new", lines("a")]])
  const at = (path: string) => ({ id: "w1#1-1", bytes: lines("a").byteLength, place: { path, offset: 0 } }) as StoredBlock
  for (const when of ["before", "while"] as const) {
    let current = at(when === "before" ? "/new" : "/old")
    const reads: string[] = []
    const parts = {
      store: { get: () => current, drop: () => assert.unreachable("it is there") },
      files: {
        read(path: string, _from: number, _to: number, done: (bytes: Uint8Array | null, error: string) => void) {
          reads.push(path)
          current = at("/new")
          done(files.get(path) ?? null, files.has(path) ? "" : `no such file: ${path}`)
        },
      },
    }
    let found: Uint8Array | null = null
    new Spill(parts as never).read(at("/old"), bytes => {
      found = bytes
    })
    assert.equal([when, reads, found], [when, when === "before" ? ["/new"] : ["/old", "/new"], lines("a")])
  }
})

test("a file goes when the last of its blocks is forgotten", () => {
  const w = alone()
  const [a, b] = withSealed(w, "a", "b")
  w.receive("master#1", uses(masterAheadMs + 9_000))
  w.pass(1_000)
  const { path, request } = written(w)
  w.receive("master#1", { kind: "forget", blocks: [a!], streams: [] })
  w.step({ kind: "fileWritten", request })
  assert.equal(w.command("removeFile"), [])
  w.receive("master#1", { kind: "forget", blocks: [b!], streams: [] })
  assert.equal(
    w.command("removeFile").map(remove => remove.path),
    [path],
  )
})

test("a full disk is told, tried again, and loses nothing", () => {
  const w = alone()
  withSealed(w, "a")
  w.receive("master#1", uses(masterAheadMs + 9_000))
  w.pass(1_000)
  w.step({ kind: "fileFailed", request: written(w).request, error: "cannot write: the disk is full" })
  assert.match(String(w.command("say")[0]!.text), /cannot go to disk: cannot write: the disk is full; trying again/)
  const beats = () => w.commands.flatMap(c => (c.kind === "send" && c.message.kind === "heartbeat" ? [c.message.diskFull ?? null] : []))
  w.pass(500)
  assert.equal([beats(), w.command("spill").length], [["cannot write: the disk is full"], 0])
  w.pass(600)
  const { request } = written(w)
  w.step({ kind: "fileWritten", request })
  w.pass(500)
  assert.equal(beats(), [null])
  assert.is(w.inventory().length, 1)
})

test("that a disk has room again is seen though nothing has to go there any more", () => {
  const w = alone()
  const [block] = withSealed(w, "a")
  w.receive("master#1", uses(masterAheadMs + 9_000))
  w.pass(1_000)
  const failed = written(w)
  w.step({ kind: "fileFailed", request: failed.request, error: "cannot write: the disk is full" })
  w.receive("master#1", { kind: "forget", blocks: [block!], streams: [] })
  const said: string[] = []
  const full: unknown[] = []
  let tries = 0
  for (let i = 0; i < 100; i++) {
    for (const c of w.pass(100)) {
      if (c.kind === "send" && c.message.kind === "heartbeat") full.push(c.message.diskFull ?? null)
      if (c.kind !== "spill") continue
      tries += 1
      assert.is(Buffer.concat(c.parts).length, failed.bytes.length, "as much as failed")
      if (tries < 3) w.step({ kind: "fileFailed", request: c.request, error: "cannot write: the disk is full" })
      else w.step({ kind: "fileWritten", request: c.request })
      said.push(...w.command("say").map(({ text }) => text))
      assert.equal(
        w.command("removeFile").map(({ path }) => path),
        [c.path],
      )
    }
  }
  assert.equal([tries, said, full.at(0), full.at(-1)], [3, ["blocks go to disk again"], "cannot write: the disk is full", null])
})

test("a part of the disk that is used up is named", () => {
  const w = alone({ diskBytes: 1_000 })
  const full = w.pass(1_000).flatMap(c => (c.kind === "send" && c.message.kind === "heartbeat" ? [c.message.diskFull] : []))
  assert.equal(full, ["/spill holds 0 of the 1000 bytes that it may (--disk)"])
})

/** The worker's task of that output has ended. */
function made(w: Bench, letter: string, output: string, interval: number, base?: boolean): void {
  const spec = stage({ output, interval: { from: interval, to: interval + 1_000 }, stream: output.split("@")[0]! })
  w.launch([task(`${output}/0.1`)], [spec])
  const { executor } = w.command("submit")[0]!
  const output0 = { bytes: large(letter), rows: 1, ...(base !== undefined && { base }) }
  w.step({ kind: "taskDone", task: `${output}/0.1`, executor, result: result(output0), ms: 1 })
}

test("versions before a state's newest base are for questions only", () => {
  const w = alone()
  made(w, "a", "state@0", 0, true)
  made(w, "b", "state@1000", 1_000, false)
  made(w, "c", "state@2000", 2_000, true)
  made(w, "d", "state@3000", 3_000, false)
  w.receive("master#1", { kind: "uses", streams: [{ stream: "state", neededFrom: 3_000 }] })
  w.pass(1_000)
  assert.ok(written(w).bytes.equals(Buffer.concat([large("a"), large("b")])))
  w.step({ kind: "fileWritten", request: written(w).request })
  w.pass(1_000)
  assert.equal(w.command("spill"), [], "the rest is read again")
})

test("panes go only when memory is very short, and first the one whose turn to leave its window comes last", () => {
  const panes = { kind: "uses", streams: [{ stream: "win", neededFrom: 5_000, againAfterMs: 30_000 }] } as const
  const calm = alone({ evictAllAbove: 0.99 })
  const short = alone({ evictAllAbove: 0 })
  for (const w of [calm, short]) {
    w.receive("master#1", panes)
    made(w, "a", "win@0/pane@0", 0)
    // Until both are there the disk takes nothing.
    if (w === short) w.step({ kind: "fileFailed", request: written(w).request, error: "full" })
    made(w, "b", "win@1000/pane@1000", 1_000)
    w.pass(1_100)
  }
  assert.equal(calm.command("spill"), [])
  assert.ok(written(short).bytes.equals(Buffer.concat([large("b"), large("a")])))
})

test("what is still needed makes room for what was refused, however little of memory it is", () => {
  const w = new Bench({ capBytes: 1 << 20, config: { ...config, evictAbove: 0.5, evictAllAbove: 0.65 } }).join([])
  withSealed(w, "a")
  w.pass(1_000)
  assert.equal(w.command("spill"), [])
  const big = lines(...Array.from({ length: 35 }, () => "b".repeat(20_000)))
  w.batch(2, big)
  assert.match(w.only("batchRefused").reason, /^full/)
  if (w.command("spill").length === 0) w.pass(300)
  const { bytes, request } = written(w)
  assert.ok(bytes.equals(large("a")))
  w.step({ kind: "fileWritten", request })
  w.batch(2, big)
  assert.equal([w.sent("batchRefused").length, w.sent("batchAck").length], [0, 1])
})

test("what was received and what was made go to files of their own: a state's step would keep the other's room", () => {
  const w = alone({ evictAllAbove: 0 })
  made(w, "b", "state@0", 0, true)
  // Until both are there the disk takes nothing.
  w.step({ kind: "fileFailed", request: written(w).request, error: "full" })
  withSealed(w, "a")
  const wrote: Buffer[] = []
  w.pass(1_100)
  for (let [spill] = w.command("spill"); spill !== undefined; [spill] = w.command("spill")) {
    wrote.push(Buffer.concat(spill.parts))
    w.step({ kind: "fileWritten", request: spill.request })
  }
  assert.is(wrote.length, 2)
  for (const letter of ["a", "b"]) assert.ok(wrote.some(bytes => bytes.equals(large(letter))))
})

test("an output that memory has no room for goes straight to disk; without one the task fails, saying why", () => {
  for (const spillDir of ["/spill", null]) {
    const w = new Bench({ capBytes: 64 * 1024, config: { ...config, spillDir } }).join([])
    w.launch([task("t.1")])
    w.step({
      kind: "taskDone",
      task: "t.1",
      executor: w.command("submit")[0]!.executor,
      result: result({ bytes: large("x"), rows: 20 }),
      ms: 1,
    })
    if (spillDir === null) {
      const { failure } = w.only("tasksDone").done[0]!
      assert.is(failure!.kind, "machine")
      assert.match(failure!.message, /block memory is full.*this worker has no directory/)
      continue
    }
    assert.is(w.sent("tasksDone").length, 0)
    w.step({ kind: "fileWritten", request: written(w).request })
    assert.is(w.only("tasksDone").done[0]!.outputs[0]!.bytes, blockBytes)
    assert.is(w.inventory().at(-1)!.bytes, blockBytes)
  }
})

test("much at once goes past the system's memory: whole pages, in which each block is found", () => {
  // Of five files of 21 blocks the fourth is the first that makes it much; for the rest of the last pages of the fifth's there is no room.
  const diskBytes = 84 * blockBytes + 21 * Math.ceil(blockBytes / 4_096) * 4_096
  const w = new Bench({ capBytes: 64 * 1024 * 1024, config: { ...config, diskBytes } }).join([])
  const letters = Array.from({ length: 110 }, (_, i) => "abcdefghijk"[i % 11]!)
  const ids = withSealed(w, ...letters)
  w.receive("master#1", uses(masterAheadMs + minute * 1_000))
  w.pass(1_000)
  const spills = w.command("spill")
  const files = new Map<string, Buffer>()
  for (let i = 0; i < spills.length; i++) {
    // What is written is nobody's memory after that.
    files.set(spills[i]!.path, Buffer.concat(spills[i]!.parts))
    w.step({ kind: "fileWritten", request: spills[i]!.request })
    spills.push(...w.command("spill"))
  }
  const total = [...files.values()].reduce((sum, { length }) => sum + length, 0)
  assert.ok(total <= diskBytes, `the rest of the last pages counts: ${total} of ${diskBytes} bytes`)
  const direct = spills.filter(one => one.direct)
  assert.equal(
    spills.map(one => one.direct),
    [false, false, false, true, false],
  )
  for (const { parts } of direct)
    for (const part of parts)
      assert.equal([part.byteOffset % 4_096, part.byteLength % 4_096, part.byteLength - blockBytes < 4_096], [0, 0, true])
  let found = 0
  for (const [i, block] of ids.entries()) {
    w.receive("w9#1", { kind: "fetch", request: i, blocks: [{ block }] })
    const [read] = w.command("readFile")
    if (read === undefined) continue
    found += 1
    const bytes = files.get(read.path)!.subarray(read.from, read.to)
    assert.ok(bytes.equals(large(letters[i]!)))
    w.step({ kind: "fileRead", request: read.request, bytes })
  }
  assert.ok(found > 90)
})

test("what is still needed goes past it as well; when memory is shorter still, through it; small blocks are not worth a page", () => {
  const capBytes = 64 * 1024 * 1024
  for (const [evictCachedAbove, anyDirect] of [
    [1, true],
    [0, false],
  ] as const) {
    // What the 105 large ones take, and not one more.
    const evictAbove = 0.64
    const w = new Bench({ capBytes, config: { ...config, evictAbove, evictAllAbove: 0, evictCachedAbove } }).join([])
    withSealed(w, ...Array.from({ length: 111 }, (_, i) => (i % 20 === 0 ? "" : "a")))
    w.batch(200, large("b"))
    const spills = w.pass(1_000).flatMap(command => (command.kind === "spill" ? [command] : []))
    for (let i = 0; i < spills.length; i++) {
      w.step({ kind: "fileWritten", request: spills[i]!.request })
      spills.push(...w.command("spill"))
    }
    const direct = spills.filter(one => one.direct)
    assert.is(direct.length > 0, anyDirect, `above ${evictCachedAbove}`)
    for (const { parts } of direct) for (const part of parts) assert.is(part.byteLength % 4_096, 0)
  }
})

test("much in a while is much from there on, until a while has had little", () => {
  const rate = new SpillRate()
  const mib = 2 ** 20
  const asked = [
    [10_000, 30, false],
    [10_900, 2, true],
    [11_000, 1, true],
    [12_000, 1, false],
    [12_100, 31, true],
    [14_100, 1, false],
  ] as const
  for (const [nowMs, mibs, heavy] of asked) assert.is(rate.heavyWith(mibs * mib, nowMs), heavy, `at ${nowMs}`)
})

test("what tasks read from disk at once is bounded: in turn, each all or nothing", () => {
  const budget = new DiskBudget(10)
  const began: string[] = []
  const owners = { a: {}, b: {}, c: {}, d: {} }
  for (const [name, bytes] of [
    ["a", 6],
    ["b", 20],
    ["c", 1],
    ["d", 1],
  ] as const)
    budget.take(owners[name], bytes, () => began.push(name))
  assert.equal(began, ["a"], "c does not overtake b, or b would wait for ever")
  budget.give(owners.a)
  assert.equal(began, ["a", "b"])
  budget.give(owners.d)
  budget.give(owners.b)
  budget.give(owners.b)
  assert.equal(began, ["a", "b", "c"])
})

test.run()
