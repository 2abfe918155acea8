import { pathToFileURL } from "node:url"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { ApartThread } from "../../cluster/adapters/apart-thread.js"
import { reserveBlockMemory } from "../../cluster/adapters/block-memory.js"
import { slotState, slotsBytes, slotsOver } from "../../cluster/adapters/executor-messages.js"
import { ExecutorThreads } from "../../cluster/adapters/executor-threads.js"
import type { TaskThread } from "../../cluster/adapters/task-thread.js"
import { TaskTime } from "../../cluster/adapters/thread-time.js"
import type { NodeEvent } from "../../cluster/ports.js"
import { reusedBytes } from "../../engine/output-memory.js"
import type { TaskRun } from "../../engine/task.js"
import { modulePath } from "../../scripts/places.js"

type Ended = Extract<NodeEvent, { kind: "taskDone" | "taskFailed" }>

const memory = reserveBlockMemory(1024 * 1024)

function pool(streams: number, queries: number) {
  const ended: Ended[] = []
  const long: string[] = []
  const waiting = new Set<() => void>()
  const executors = new ExecutorThreads({
    memory: memory.buffer,
    streams,
    queries,
    heapMb: 64,
    runner: pathToFileURL(modulePath("test/cluster/children/fake-runner")).href,
    onEvent: event => {
      if (event.kind === "taskLong") long.push(event.task)
      else ended.push(event)
      for (const look of waiting) look()
    },
  })
  const until = (what: () => boolean) =>
    new Promise<void>(resolve => {
      const look = () => {
        if (!what()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  const of = async (task: string) => {
    await until(() => ended.some(event => event.task === task))
    return show(ended.find(event => event.task === task)!)
  }
  return { executors, ended, long, until, of }
}

function show(event: Ended): string {
  if (event.kind === "taskFailed") return `${event.failure.kind}: ${event.failure.message}`
  return event.result.outputs.map(output => Buffer.from(output.bytes).toString("latin1")).join("|")
}

function run(label: string, partition = 0, part = { offset: 0, length: 0 }): TaskRun {
  const ref = { kind: "block", block: "b" } as const
  const stage = {
    output: "o",
    root: { kind: "empty" },
    partitions: 1,
    write: { kind: "store" },
    interval: null,
    stream: null,
    label,
  } as const
  return { stage, partition, attempt: 0, inputs: [{ ref, parts: [part] }] }
}

const test = suite("executor threads")

test("many tasks: each ends once, in order, on its executor, over the shared memory", async () => {
  const { executors, ended, until, of } = pool(2, 1)
  for (let i = 0; i < 300; i++) executors.submit(`t${i}`, i % 3, run("partition", i), { timeoutMs: 60_000 })
  await until(() => ended.length === 300)
  for (const executor of [0, 1, 2]) {
    const tasks = ended.filter(event => event.executor === executor)
    assert.equal(
      tasks.map(event => [event.task, show(event)]),
      Array.from({ length: 100 }, (_, i) => [`t${i * 3 + executor}`, `p${i * 3 + executor}`]),
    )
  }
  new Uint8Array(memory.buffer, 64).set(Buffer.from("in block memory"))
  executors.submit("m", 1, run("memory", 0, { offset: 64, length: 15 }), { timeoutMs: 60_000 })
  assert.is(await of("m"), "in block memory")
  await executors.close()
})

test("a part of a buffer that the runner keeps is copied, not taken away", async () => {
  const { executors, of } = pool(1, 0)
  executors.submit("a", 0, run("part of a buffer"), { timeoutMs: 60_000 })
  executors.submit("b", 0, run("part of a buffer"), { timeoutMs: 60_000 })
  assert.equal([await of("a"), await of("b")], ["\x01|\x01", "\x02|\x02"])
  await executors.close()
})

test("failures are told with what the runner knows of them", async () => {
  const { executors, of } = pool(1, 0)
  const failures: [string, string][] = [
    ["throw", "user: no field url"],
    ["throw at length", `user: ${"x".repeat(16_384)}…`],
    ["bug", "machine: a bug"],
    ["exit", "machine: process.reallyExit is not there inside a task"],
    ["partition", "p0"],
  ]
  for (const [label] of failures) executors.submit(label, 0, run(label), { timeoutMs: 60_000 })
  for (const [label, expected] of failures) assert.is(await of(label), expected)
  await executors.close()
})

test("what a thread that was ended had still to say is not taken for what the tasks of the next one have made", async () => {
  const { executors, of } = pool(1, 0)
  executors.submit("warm", 0, run("partition"), { timeoutMs: 60_000 })
  await of("warm")
  const words = new Int32Array(memory.buffer)
  const last = words.length - 1
  Atomics.store(words, last, 0)
  executors.submit("a", 0, run("partition", 1), { timeoutMs: 60_000 })
  executors.submit("b", 0, run("loop"), { timeoutMs: 60_000 })
  executors.submit("c", 0, run("partition", 3), { timeoutMs: 60_000 })
  await Promise.resolve()
  // The loop has begun, so what came of the first task is under way; nobody here looks before the thread is ended.
  while (Atomics.load(words, last) === 0);
  Atomics.store(words, last, 0)
  executors.kill("a", 0)
  while (Atomics.load(words, last) === 0) await new Promise(resolve => setImmediate(resolve))
  executors.kill("b", 0)
  assert.equal(await Promise.all([of("a"), of("b"), of("c")]), ["killed: cancelled", "killed: cancelled", "p3"])
  Atomics.store(words, last, 0)
  await executors.close()
})

test("an endless loop is ended; tasks before, behind and beside it go on, on a thread that has the assets", async () => {
  const { executors, ended, until, of } = pool(2, 0)
  const large = new Uint8Array(300_000)
  executors.asset("small", new Uint8Array(3))
  executors.asset("large", large)
  executors.submit("before", 0, run("partition", 1), { timeoutMs: 60_000 })
  executors.submit("loop", 0, run("loop"), { timeoutMs: 60_000 })
  executors.submit("behind", 0, run("assets"), { timeoutMs: 60_000 })
  executors.submit("cancelled", 0, run("partition", 2), { timeoutMs: 60_000 })
  executors.submit("beside", 1, run("partition", 3), { timeoutMs: 60_000 })
  assert.equal([await of("before"), await of("beside")], ["p1", "p3"])
  executors.kill("cancelled", 0)
  assert.is(await of("cancelled"), "killed: cancelled before it began")
  // A busy machine may take its time to begin.
  const words = new Int32Array(memory.buffer)
  while (Atomics.load(words, words.length - 1) === 0) await new Promise(resolve => setImmediate(resolve))
  executors.kill("loop", 0)
  assert.equal([await of("loop"), await of("behind")], ["killed: cancelled", "small:3 large:300000"])
  executors.kill("loop", 0)
  executors.kill("never", 1)
  executors.submit("end", 0, run("partition", 4), { timeoutMs: 60_000 })
  await of("end")
  await until(() => ended.length === 6)
  await executors.close()
})

test("a task that takes long is told, and set apart it keeps nobody waiting; it ends as any other", async () => {
  const { executors, ended, long, until, of } = pool(1, 0)
  executors.submit("loop", 0, run("loop"), { timeoutMs: 800 })
  executors.submit("killed", 0, run("loop"), { timeoutMs: 60_000 })
  executors.submit("next", 0, run("partition", 7), { timeoutMs: 60_000 })
  await until(() => long.includes("loop"))
  assert.equal(ended, [])
  executors.setApart("loop", 0)
  executors.setApart("never", 0)
  await until(() => long.includes("killed"))
  executors.setApart("killed", 0)
  assert.is(await of("next"), "p7")
  executors.kill("killed", 0)
  assert.is(await of("killed"), "killed: cancelled")
  assert.match(await of("loop"), /^timeout: did not end within 0.8 s/)
  assert.is(ended.length, 3)
  await executors.close()
})

test("what ends after it was set apart has its result", async () => {
  const { executors, long, until, of } = pool(1, 0)
  executors.submit("steps", 0, run("steps"), { timeoutMs: 3_000, stallMs: 3_000 })
  await until(() => long.includes("steps"))
  executors.setApart("steps", 0)
  assert.is(await of("steps"), "20 steps")
  await executors.close()
})

/** Until the last word of memory is no longer 0, by a thread; meanwhile this one hears of nothing. */
const words = new Int32Array(memory.buffer)
const deafUntilBegun = () => {
  while (Atomics.load(words, words.length - 1) === 0) Atomics.wait(words, 0, Atomics.load(words, 0), 1)
}

test("what a thread had said when it was ended is of none of the tasks that have its slots now", async () => {
  const { executors, ended, of } = pool(1, 0)
  executors.submit("warm", 0, run("partition"), { timeoutMs: 60_000 })
  await of("warm")
  Atomics.store(words, words.length - 1, 0)
  executors.submit("a", 0, run("partition", 1), { timeoutMs: 60_000 })
  executors.submit("loop", 0, run("loop"), { timeoutMs: 60_000 })
  executors.submit("c", 0, run("partition", 3), { timeoutMs: 60_000 })
  await Promise.resolve()
  deafUntilBegun()
  // That "a" has ended lies in the mail.
  executors.kill("loop", 0)
  assert.is(await of("a"), "p1")
  executors.submit("d", 0, run("partition", 4), { timeoutMs: 60_000 })
  assert.equal([await of("loop"), await of("c"), await of("d")], ["killed: cancelled", "p3", "p4"])
  assert.is(ended.length, 5)
  await executors.close()
})

test("a task that ends as it is set apart: its thread ends if it has gone on with the next one, which may never end; else it is given back", () => {
  for (const next of [slotState.running, slotState.cancelled]) {
    const heard: string[] = []
    const slots = slotsOver(new SharedArrayBuffer(slotsBytes))
    const thread = { id: null, slots, owner: null, giveWay: () => {}, end: () => heard.push("thread ended") }
    const { states } = slots
    states.set([slotState.running, next])
    const apart = new ApartThread({
      thread: thread as unknown as TaskThread,
      slot: 0,
      task: { task: "t", run: run("partition"), limits: { timeoutMs: 60_000 } },
      time: new TaskTime(null, 0, 0),
      niceness: 0,
      heapMb: undefined,
      assets: new Map(),
      onDone: () => heard.push("done"),
      onIdle: () => heard.push("idle"),
      onFailed: () => heard.push("failed"),
    })
    const result = { outputs: [], rowsIn: 0, rowsOut: 0, logs: [], aside: { count: 0, samples: [] } }
    apart.finished({ slot: 0, ms: 1, result })
    if (next === slotState.cancelled) apart.finished({ slot: 1, ms: 0, cancelled: true })
    assert.equal(heard, ["done", next === slotState.running ? "thread ended" : "idle"])
  }
})

test("a task that runs longer than it may is ended by the clock", async () => {
  const { executors, of } = pool(1, 0)
  executors.submit("loop", 0, run("loop"), { timeoutMs: 150 })
  executors.submit("next", 0, run("partition", 7), { timeoutMs: 60_000 })
  assert.match(await of("loop"), /^timeout: did not end within 0.15 s/)
  assert.is(await of("next"), "p7")
  await executors.close()
})

test("a task that comes to no other record for long is ended sooner; one that goes on is not, however long it takes", async () => {
  const { executors, of } = pool(2, 0)
  executors.submit("goes on", 0, run("steps"), { timeoutMs: 60_000, stallMs: 400 })
  executors.submit("loop", 1, run("loop"), { timeoutMs: 60_000, stallMs: 400 })
  assert.match(await of("loop"), /^timeout: did not end with one record within 0.4 s and was stopped/)
  assert.is(await of("goes on"), "20 steps")
  await executors.close()
})

test("a full heap ends the thread, not the process", async () => {
  const { executors, of } = pool(1, 0)
  executors.submit("hog", 0, run("fill the heap"), { timeoutMs: 60_000 })
  executors.submit("next", 0, run("partition", 7), { timeoutMs: 60_000 })
  assert.is(await of("hog"), "user: the executor's JavaScript heap of 64 MB is full")
  assert.is(await of("next"), "p7")
  await executors.close()
})

test("a runner that cannot be loaded fails every task, and does not spin", async () => {
  const ended: Ended[] = []
  await new Promise<void>(resolve => {
    const executors = new ExecutorThreads({
      memory: memory.buffer,
      streams: 1,
      queries: 0,
      runner: pathToFileURL(modulePath("test/cluster/children/none")).href,
      onEvent: event => {
        if (event.kind !== "taskLong") ended.push(event)
        if (ended.length === 2) resolve(executors.close())
      },
    })
    for (const task of ["a", "b"]) executors.submit(task, 0, run("partition"), { timeoutMs: 60_000 })
  })
  assert.equal(
    ended.map(event => [event.task, event.kind]),
    [
      ["a", "taskFailed"],
      ["b", "taskFailed"],
    ],
  )
})

test("memory of an output that is stored is used again, and of one that is not is not", async () => {
  const { executors, ended, of } = pool(1, 0)
  const taken: number[] = []
  for (const [task, over] of [
    ["a", true],
    ["b", false],
    ["c", true],
  ] as const) {
    executors.submit(task, 0, run("taken"), { timeoutMs: 60_000 })
    await of(task)
    const event = ended.find(one => one.task === task)
    if (event?.kind !== "taskDone") throw new Error(`${task} failed`)
    const { bytes } = event.result.outputs[0]!
    assert.is(bytes.byteLength, reusedBytes)
    taken.push(bytes[0]!)
    if (over) executors.outputOver(0, bytes)
    // It is the executor's now.
    assert.is(bytes.byteLength, over ? 0 : reusedBytes)
  }
  assert.equal(taken, [1, 2, 1])
  await executors.close()
})

test.run()
