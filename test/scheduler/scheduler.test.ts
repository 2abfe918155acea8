import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Command, NodeId } from "../../cluster/ports.js"
import type { LaunchTask, TaskDone } from "../../cluster/protocol.js"
import { BlockTracker } from "../../cluster/scheduler/block-tracker.js"
import type { Happening, Planner } from "../../cluster/scheduler/board.js"
import { Outbox } from "../../cluster/scheduler/outbox.js"
import { Placement } from "../../cluster/scheduler/placement.js"
import { Scheduler } from "../../cluster/scheduler/scheduler.js"
import { StateChains } from "../../cluster/scheduler/state-chains.js"
import { RivuletError } from "../../engine/errors.js"
import type { InputRef } from "../../engine/rdd.js"
import type { StageSpec, StageWrite, TaskFailure } from "../../engine/task.js"

/** Stages made by hand: what each reads, and which it depends on. */
interface Made {
  readonly spec: StageSpec
  readonly reads: (partition: number) => InputRef[]
  readonly dependencies: readonly string[]
}

class Bench implements Planner {
  readonly stages = new Map<string, Made>()
  readonly outbox = new Outbox()
  readonly tracker = new BlockTracker()
  readonly chains = new StateChains(this.tracker)
  readonly placement = new Placement()
  readonly scheduler = new Scheduler({
    ...{ tracker: this.tracker, chains: this.chains, placement: this.placement, outbox: this.outbox },
    ...{ planner: this as Planner, taskTimeoutMs: 1000, questionStallMs: 300, incarnation: 1, gatherMs: 0 },
  })
  readonly happenings: Happening[] = []
  nowMs = 0
  #blocks = 0
  /** What the scheduler calls a task `output/partition.attempt`, and the other way round. */
  readonly #names = new Map<string, string>()
  readonly #tasks = new Map<string, string>()

  add(
    output: string,
    partitions: number,
    write: StageWrite,
    reads: (p: number) => InputRef[],
    dependencies: string[] = [],
    more: Partial<StageSpec> = {},
  ) {
    const spec: StageSpec = { output, root: { kind: "empty" }, partitions, write, interval: null, stream: null, label: output, ...more }
    this.stages.set(output, { spec, reads, dependencies })
    return spec
  }

  dependencies(spec: StageSpec) {
    return (this.stages.get(spec.output) as Made).dependencies.map(id => (this.stages.get(id) as Made).spec)
  }

  reads(spec: StageSpec) {
    return (this.stages.get(spec.output) as Made).reads
  }

  state(stream: string, interval: number) {
    return this.stages.get(`${stream}@${interval}`)?.spec ?? null
  }

  replay() {
    return null
  }

  forgotten(stream: string, interval: number) {
    return new RivuletError(`${stream} of ${interval} is forgotten`, { code: 5 })
  }

  recordsIn(block: string) {
    return `what is in ${block}`
  }

  readonly kept = new Set<string>()

  keeps(output: string) {
    return this.kept.has(output)
  }

  /** What the step sends: launches as `output/partition.attempt worker`. */
  flush(): {
    launched: { task: string; worker: NodeId; launch: LaunchTask }[]
    cancelled: string[]
    forgotten: string[]
    messages: number
  } {
    this.scheduler.dispatch(this.nowMs)
    this.happenings.push(...this.scheduler.take())
    const commands: Command[] = this.outbox.flush()
    const launched: { task: string; worker: NodeId; launch: LaunchTask }[] = []
    const cancelled: string[] = []
    const forgotten: string[] = []
    for (const command of commands) {
      if (command.kind !== "send") continue
      const { to, message } = command
      if (message.kind === "launch") {
        for (const launch of message.tasks) {
          const task = `${message.stages[launch.stage]!.output}/${launch.partition}.${launch.attempt}`
          this.#names.set(task, launch.task)
          this.#tasks.set(launch.task, task)
          launched.push({ task, worker: to, launch })
        }
      }
      if (message.kind === "cancel") cancelled.push(...message.tasks.map(name => this.#tasks.get(name)!))
      if (message.kind === "forget") forgotten.push(...message.blocks)
    }
    return { launched, cancelled, forgotten, messages: commands.length }
  }

  done(
    worker: NodeId,
    task: string,
    more: { failure?: TaskFailure; rows?: number; sections?: number[]; base?: boolean; ms?: number } = {},
  ): string {
    const block = `b${++this.#blocks}`
    const rows = more.rows ?? more.sections?.reduce((a, b) => a + b, 0) ?? 1
    const output = {
      ...{ block, bytes: rows * 8, rows },
      ...(more.sections === undefined ? {} : { sectionRows: more.sections }),
      ...(more.base === undefined ? {} : { base: more.base, keys: rows }),
    }
    const done: TaskDone = {
      task: this.#names.get(task)!,
      ms: more.ms ?? 5,
      outputs: more.failure === undefined ? [output] : [],
      aside: 0,
      rowsIn: 0,
      ...(more.failure && { failure: more.failure }),
    }
    this.scheduler.tasksDone(worker, [done], this.nowMs)
    return block
  }

  failures(): TaskFailure[] {
    this.happenings.push(...this.scheduler.take())
    return this.happenings.flatMap(one => (one.kind === "job" && one.failure !== null ? [one.failure] : []))
  }

  jobs(): string[] {
    this.happenings.push(...this.scheduler.take())
    return this.happenings.flatMap(one => (one.kind === "job" ? [`${one.job} ${one.failure === null ? "done" : one.failure.message}`] : []))
  }
}

const single: StageWrite = { kind: "shuffle", partitions: 2, by: "key" }
const store: StageWrite = { kind: "result" }

/** Two maps over input blocks, two reducers, `quiet` when their sections are empty. */
function mapReduce(workers = 2): Bench {
  const bench = new Bench()
  for (let i = 1; i <= workers; i++) bench.scheduler.addWorker(`w${i}`, `h${i}`, 1)
  for (const [i, block] of ["in0", "in1"].entries()) bench.tracker.hold(block, `w${(i % workers) + 1}`, 1 << 20, 100)
  bench.add("map", 2, single, p => [{ kind: "block", block: `in${p}` }])
  bench.add("reduce", 2, store, p => [{ kind: "shuffle", output: "map", partition: p }], ["map"], { quietWhenEmpty: true })
  return bench
}

function start(bench: Bench, id: string, output: string, order = 1, pool: "stream" | "query" = "stream") {
  bench.scheduler.start({ id, spec: (bench.stages.get(output) as Made).spec, pool, order })
}

const test = suite("scheduler")
const names = (flushed: ReturnType<Bench["flush"]>) => flushed.launched.map(({ task, worker }) => `${task} ${worker}`).sort()

test("a shuffle that is kept is made once, made again when its worker is lost, and goes when it is kept no longer", () => {
  const bench = mapReduce()
  bench.kept.add("map")
  const reduceOf = (output: string) =>
    bench.add(output, 1, store, () => [{ kind: "shuffle", output: "map", partition: 0 }], ["map"], { quietWhenEmpty: true })
  for (const output of ["k1", "k2", "k3"]) reduceOf(output)
  const run = (output: string): string[] => {
    const ran: string[] = []
    start(bench, output, output)
    for (let { launched } = bench.flush(); launched.length > 0; { launched } = bench.flush()) {
      for (const { task, worker } of launched) {
        ran.push(task)
        bench.done(worker, task, task.startsWith("map/") ? { sections: [1, 1] } : {})
      }
    }
    bench.scheduler.release(output)
    return ran.sort()
  }
  assert.equal(run("k1"), ["k1/0.1", "map/0.1", "map/1.1"])
  assert.equal(run("k2"), ["k2/0.1"])
  bench.tracker.hold("in0", "w2", 1 << 20, 100)
  bench.scheduler.removeWorker("w1", true)
  assert.equal(run("k3"), ["k3/0.1", "map/0.1"])
  bench.kept.clear()
  bench.flush()
  bench.scheduler.forgetKept()
  assert.is(bench.flush().forgotten.length, 2)
  assert.equal(bench.tracker.parts("map"), [])
})

test("tasks go where their blocks are, when what they read is there; one message a worker", () => {
  const bench = mapReduce()
  start(bench, "j", "reduce")
  const first = bench.flush()
  assert.equal(names(first), ["map/0.1 w1", "map/1.1 w2"])
  assert.is(first.messages, 2)
  bench.done("w1", "map/0.1", { sections: [1, 1] })
  assert.equal(names(bench.flush()), [])
  bench.done("w2", "map/1.1", { sections: [1, 1] })
  const reduces = bench.flush()
  assert.is(reduces.launched.length, 2)
  assert.equal(
    reduces.launched.map(({ launch }) =>
      launch.inputs.map(({ ref, parts }) => [ref, parts.map(({ block, holders }) => `${block} ${holders}`)]),
    ),
    [0, 1].map(partition => [[{ kind: "shuffle", output: "map", partition }, ["b1 w1", "b2 w2"]]]),
  )
  for (const { task, worker } of reduces.launched) bench.done(worker, task)
  assert.equal(bench.jobs(), ["j done"])
  // The shuffle's regions are of no more use.
  assert.equal(bench.flush().forgotten.sort(), ["b1", "b2"])
  bench.scheduler.release("j")
  assert.equal(bench.flush().forgotten.sort(), ["b3", "b4"])
})

test("an empty section has no task", () => {
  const bench = mapReduce()
  start(bench, "j", "reduce")
  bench.flush()
  bench.done("w1", "map/0.1", { sections: [3, 0] })
  bench.done("w2", "map/1.1", { sections: [2, 0] })
  assert.equal(
    bench.flush().launched.map(({ task }) => task),
    ["reduce/0.1"],
  )
  bench.done("w1", "reduce/0.1")
  assert.equal(bench.jobs(), ["j done"])
})

test("two jobs share a stage, and what one leaves the other keeps", () => {
  const bench = mapReduce()
  bench.add("other", 1, store, () => [{ kind: "shuffle", output: "map", partition: 0 }], ["map"])
  start(bench, "a", "reduce")
  start(bench, "b", "other", 2)
  assert.is(bench.flush().launched.length, 2)
  bench.scheduler.release("a")
  assert.equal(bench.flush().cancelled, [])
  bench.done("w1", "map/0.1", { sections: [1, 1] })
  bench.done("w2", "map/1.1", { sections: [1, 1] })
  assert.equal(
    bench.flush().launched.map(({ task }) => task),
    ["other/0.1"],
  )
})

test("a released job's tasks are cancelled, and what they give late is forgotten", () => {
  const bench = mapReduce()
  start(bench, "j", "reduce")
  bench.flush()
  bench.scheduler.release("j")
  assert.equal(bench.flush().cancelled.sort(), ["map/0.1", "map/1.1"])
  bench.done("w1", "map/0.1", { sections: [1, 1] })
  assert.equal(bench.flush().forgotten, ["b1"])
})

const failures: { name: string; kind: TaskFailure["kind"]; times: number; ends: string[] }[] = [
  { name: "a user's failure is tried once elsewhere", kind: "user", times: 2, ends: ["j boom"] },
  { name: "so is a task that does not end", kind: "timeout", times: 2, ends: ["j boom"] },
  { name: "a machine's failure is tried four times", kind: "machine", times: 4, ends: ["j boom"] },
  { name: "a killed task is tried again", kind: "killed", times: 3, ends: [] },
]
for (const { name, kind, times, ends } of failures) {
  test(name, () => {
    const bench = mapReduce()
    start(bench, "j", "reduce")
    const workers: string[] = []
    let launched = bench.flush().launched.filter(({ task }) => task.startsWith("map/0"))
    for (let i = 0; i < times; i++) {
      const [one] = launched
      assert.ok(one, `attempt ${i + 1}`)
      workers.push((one as { worker: string }).worker)
      bench.done((one as { worker: string }).worker, `map/0.${i + 1}`, { failure: { kind, message: "boom" } })
      launched = bench.flush().launched
    }
    assert.equal(bench.jobs(), ends)
    if (kind === "user") assert.equal(workers, ["w1", "w2"])
  })
}

test("what only a question wants may not be long at one record, and is not tried twice for it; what a stream comes to want too is", () => {
  const loops = (bench: Bench, attempt: number) => {
    const one = bench.flush().launched.find(({ task }) => task === `map/0.${attempt}`)
    assert.ok(one, `attempt ${attempt}`)
    bench.done(one.worker, one.task, { failure: { kind: "timeout", message: "loops" } })
    return one.launch.stallMs
  }
  const alone = mapReduce()
  start(alone, "q", "reduce", 1, "query")
  assert.is(loops(alone, 1), 300)
  assert.equal(alone.jobs(), ["q loops"])
  const shared = mapReduce()
  start(shared, "q", "reduce", 1, "query")
  start(shared, "j", "reduce")
  assert.is(loops(shared, 1), undefined)
  assert.equal(shared.jobs(), [])
  assert.is(loops(shared, 2), undefined)
  assert.equal(shared.jobs(), ["q loops", "j loops"])
})

test("what a question began and a stream wants waits behind questions no longer, nor does what it is made of", () => {
  const bench = mapReduce(1)
  const many = 20
  bench.add("many", many, store, () => [{ kind: "block", block: "in0" }])
  start(bench, "q1", "many", 1, "query")
  start(bench, "q2", "reduce", 2, "query")
  const begun = bench.flush().launched
  assert.ok(begun.length < many && begun.every(({ task }) => task.startsWith("many/")), "questions have all their room")
  start(bench, "j", "reduce", 1, "stream")
  const raised = bench.flush().launched
  assert.equal(
    raised.map(({ task, launch }) => `${task} ${launch.pool}`),
    ["map/0.1 stream", "map/1.1 stream"],
  )
  for (const { task, worker } of raised) bench.done(worker, task, { sections: [1, 1] })
  const reduces = bench.flush().launched
  assert.equal(
    reduces.map(({ task, launch }) => `${task} ${launch.pool}`),
    ["reduce/0.1 stream", "reduce/1.1 stream"],
  )
  for (const { task, worker } of reduces) bench.done(worker, task)
  assert.equal(bench.jobs(), ["q2 done", "j done"])
})

test("what of a question runs when a stream comes to want it leaves the questions' room when it ends", () => {
  const bench = mapReduce(1)
  start(bench, "q", "reduce", 1, "query")
  const begun = bench.flush().launched
  assert.ok(begun.length > 0 && begun.every(({ launch }) => launch.pool === "query"))
  start(bench, "j", "reduce", 1, "stream")
  let under = [...begun, ...bench.flush().launched]
  for (; under.length > 0; under = bench.flush().launched)
    for (const { task, worker } of under) bench.done(worker, task, task.startsWith("map/") ? { sections: [1, 1] } : {})
  assert.equal(
    [...bench.placement.slots].map(({ running }) => ({ ...running })),
    [{ stream: 0, query: 0 }],
  )
})

test("a collect is refused as soon as its tasks have more rows than it may give, and is not tried again", () => {
  const collecting = (name: string) => {
    const bench = new Bench()
    for (const worker of ["w1", "w2"]) bench.scheduler.addWorker(worker, worker, 1)
    const root = { kind: "partial", parent: { kind: "empty" }, action: { kind: "collect", max: 10 } } as const
    bench.add("half", 8, { kind: "shuffle", partitions: 1, by: "single" }, () => [], [], { root })
    bench.add("whole", 1, store, () => [{ kind: "shuffle", output: "half", partition: 0 }], ["half"])
    start(bench, name, "whole", 1, "query")
    const [first, second] = bench.flush().launched
    return { bench, first: first!, second: second! }
  }
  const { bench, first, second } = collecting("sum")
  bench.done(first.worker, first.task, { sections: [6] })
  bench.flush()
  assert.equal(bench.jobs(), [])
  bench.done(second.worker, second.task, { sections: [5] })
  assert.equal(bench.jobs(), ["sum collect of more than 10 rows, which is the limit"])
  bench.scheduler.release("sum")
  assert.ok(bench.flush().cancelled.length > 0)

  const one = collecting("one")
  one.bench.done(one.first.worker, one.first.task, { failure: { kind: "user", message: "too many", refused: true } })
  assert.equal(one.bench.jobs(), ["one too many"])
})

test("whose tasks do not end fills no worker: others are sent what they have, and his own go on with the first that ends", () => {
  const bench = new Bench()
  bench.scheduler.addWorker("w1", "w1", 1)
  const narrow = (output: string, partitions: number) =>
    bench.add(output, partitions, store, () => [], [], { stream: output.split("@", 1)[0]! })
  for (const interval of [1, 2]) {
    narrow(`loops@${interval}`, 30)
    start(bench, `loops@${interval}`, `loops@${interval}`, interval)
  }
  narrow("well@1", 2)
  start(bench, "well@1", "well@1", 3)
  const sent = () => bench.flush().launched.map(({ task }) => task)
  const first = sent()
  assert.ok(first.length > 0 && first.every(task => task.startsWith("loops")), "it comes first")
  bench.nowMs = 900
  assert.equal(sent(), [])
  bench.nowMs = 1_100
  assert.equal(sent(), ["well@1/0.1", "well@1/1.1"])
  bench.done("w1", "well@1/0.1")
  bench.done("w1", "well@1/1.1")
  bench.nowMs = 2_000
  assert.equal(sent(), [], "room is left, but not for more of these")
  bench.done("w1", first[0]!)
  assert.is(sent().length, 1, "as many as there is room for")
  bench.nowMs = 3_600
  sent()
  bench.scheduler.release("loops@1")
  bench.scheduler.release("loops@2")
  narrow("well@2", 40)
  start(bench, "well@2", "well@2", 4)
  assert.is(sent().length, first.length, "all room is free again")
})

test("a worker lost mid-stage: what it ran runs elsewhere, what it held alone is made again", () => {
  const bench = mapReduce()
  bench.tracker.hold("in0", "w2", 1 << 20, 100)
  start(bench, "j", "reduce")
  bench.flush()
  bench.done("w1", "map/0.1", { sections: [1, 1] })
  bench.done("w2", "map/1.1", { sections: [1, 1] })
  const reduces = bench.flush().launched
  assert.is(reduces.length, 2)
  bench.scheduler.removeWorker("w1", true)
  // b1 is gone: map 0 again, at the one that holds in0; the reducers wait for it.
  assert.equal(names(bench.flush()), ["map/0.2 w2"])
  for (const { task, worker } of reduces)
    if (worker === "w2") bench.done("w2", task, { failure: { kind: "fetch", message: "gone", block: "b1", from: "w1" } })
  bench.done("w2", "map/0.2", { sections: [1, 1] })
  const again = bench.flush()
  assert.is(again.launched.length, 2)
  for (const { task } of again.launched) bench.done("w2", task)
  assert.equal(bench.jobs(), ["j done"])
})

test("a task with which one worker after the other ends is not given to all there are; who is only silent may be on a busy machine", () => {
  for (const ended of [true, false]) {
    const bench = mapReduce(4)
    for (const node of ["w1", "w2", "w3", "w4"]) for (const block of ["in0", "in1"]) bench.tracker.hold(block, node, 1 << 20, 100)
    start(bench, "j", "reduce")
    let at = ""
    for (let lost = 0; lost < 3; lost++) {
      at = bench.flush().launched.find(({ task }) => task.startsWith("map/0."))?.worker ?? at
      assert.equal(bench.jobs(), [])
      bench.scheduler.removeWorker(at, ended)
    }
    assert.is(/3 workers ended one after the other while they ran it/.test(bench.jobs()[0] ?? ""), ended)
  }
})

test("input that nobody holds is waited for: a worker taken for dead may come back with it", () => {
  const bench = mapReduce()
  start(bench, "j", "reduce")
  bench.flush()
  bench.scheduler.removeWorker("w1", true)
  bench.scheduler.giveUp(100, 0)
  assert.equal(bench.flush().launched, [])
  bench.scheduler.addWorker("w1", "h1", 1)
  bench.tracker.hold("in0", "w1", 1 << 20, 100)
  bench.scheduler.found()
  assert.equal(names(bench.flush()), ["map/0.2 w1"])
})

test("without any worker nothing is decided: who comes back may hold it all", () => {
  const bench = mapReduce()
  const reads = bench.reads
  start(bench, "j", "reduce")
  bench.flush()
  bench.reads = () => () => {
    throw new Error("it is not there")
  }
  bench.scheduler.removeWorker("w1", true)
  bench.scheduler.removeWorker("w2", true)
  bench.scheduler.settle()
  assert.equal(bench.jobs(), [])
  bench.reads = reads
  bench.scheduler.addWorker("w1", "h1", 1)
  for (const block of ["in0", "in1"]) bench.tracker.hold(block, "w1", 1 << 20, 100)
  bench.scheduler.found()
  bench.scheduler.settle()
  assert.equal(names(bench.flush()), ["map/0.2 w1", "map/1.2 w1"])
})

test("what cannot be made any more is waited for while a worker that was lost may come back, or find a new master; else it fails at once", () => {
  const gone = () => {
    throw new RivuletError("it is not there", { code: 5 })
  }
  const play = (bench: Bench, at: number) => {
    bench.scheduler.giveUp(at, at - 100)
    bench.flush()
    return bench.jobs().join()
  }
  // A worker has just come, or this master: others of before may follow.
  const young = mapReduce()
  young.reads = gone
  start(young, "j", "reduce")
  assert.is(play(young, 100), "")
  assert.match(play(young, 200), /it is not there/)
  const never = mapReduce()
  for (const at of [100, 200]) play(never, at)
  never.reads = gone
  start(never, "j", "reduce")
  assert.match(play(never, 300), /it is not there/)
  for (const back of [true, false]) {
    const bench = mapReduce()
    const reads = bench.reads
    bench.scheduler.removeWorker("w1", true)
    bench.reads = gone
    start(bench, "j", "reduce")
    assert.is(play(bench, 100), "")
    if (!back) {
      assert.is(play(bench, 150), "")
      assert.match(play(bench, 200), /it is not there/)
      continue
    }
    bench.reads = reads
    bench.scheduler.addWorker("w1", "h1", 1)
    bench.tracker.hold("in0", "w1", 1 << 20, 100)
    bench.scheduler.found()
    assert.equal(names(bench.flush()), ["map/0.1 w1", "map/1.1 w2"])
  }
})

test("but not for ever: then the job fails, by name", () => {
  const bench = mapReduce()
  start(bench, "j", "reduce")
  bench.flush()
  bench.scheduler.removeWorker("w1", true)
  bench.scheduler.giveUp(100, 0)
  // The master stood still, and has not read yet who has come back.
  bench.scheduler.excuse(50)
  bench.scheduler.giveUp(200, 100)
  bench.flush()
  assert.equal(bench.jobs(), [])
  bench.scheduler.giveUp(250, 150)
  bench.flush()
  assert.match(bench.jobs()[0] ?? "", /what is in in0 are lost/)
  // Who asks for it again need not wait again, as long as nobody comes who may have it.
  bench.scheduler.giveUp(300, 200)
  bench.scheduler.release("j")
  start(bench, "k", "reduce")
  bench.flush()
  assert.is(bench.jobs().length, 2)
  bench.scheduler.addWorker("w3", "h3", 1)
  bench.scheduler.release("k")
  start(bench, "l", "reduce")
  bench.flush()
  assert.is(bench.jobs().length, 2)
  bench.scheduler.giveUp(400, 300)
  bench.scheduler.giveUp(500, 400)
  bench.flush()
  assert.is(bench.jobs().length, 3)
})

test("a place that does not hold what it should is dropped, and the block fetched from another or made again", () => {
  const bench = mapReduce()
  start(bench, "j", "reduce")
  bench.flush()
  bench.done("w1", "map/0.1", { sections: [1, 1] })
  bench.done("w2", "map/1.1", { sections: [1, 1] })
  bench.tracker.copied("b1", "w2")
  const [one] = bench.flush().launched as unknown as [{ task: string; worker: string }]
  bench.done(one.worker, one.task, { failure: { kind: "fetch", message: "not there", block: "b1", from: "w1" } })
  const [again] = bench.flush().launched
  assert.equal(
    again?.launch.inputs[0]?.parts.map(({ holders }) => holders),
    [["w2"], ["w2"]],
  )
})

test("input whose holder is silent stays where it is, however often it is asked for, until that worker is lost", () => {
  const bench = mapReduce()
  bench.tracker.drop("in0", "w1")
  bench.tracker.hold("in0", "w3", 1 << 20, 100)
  bench.scheduler.addWorker("w3", "h3", 1)
  start(bench, "j", "reduce")
  const fetch: TaskFailure = { kind: "fetch", message: "did not answer", block: "in0", from: "w3", unanswered: true }
  for (let tries = 0; tries < 30; tries++) {
    const map = bench.flush().launched.find(({ task }) => task.startsWith("map/0."))
    assert.ok(map !== undefined, `try ${tries}`)
    assert.equal(
      map.launch.inputs[0]?.parts.map(({ holders }) => holders),
      [["w3"]],
    )
    bench.done(map.worker, map.task, { failure: fetch })
  }
  bench.scheduler.giveUp(100, 0)
  bench.scheduler.giveUp(200, 100)
  bench.flush()
  assert.equal(bench.jobs(), [])
})

test("who cannot reach a holder is not sent to it again: another worker is", () => {
  const bench = mapReduce()
  bench.scheduler.addWorker("w3", "h3", 1)
  start(bench, "j", "reduce")
  bench.flush()
  bench.done("w1", "map/0.1", { sections: [1, 1] })
  bench.done("w2", "map/1.1", { sections: [1, 1] })
  const [one] = bench.flush().launched as unknown as [{ task: string; worker: string }]
  const other = one.worker === "w1" ? "w2" : "w1"
  bench.done(one.worker, one.task, {
    failure: { kind: "fetch", message: "did not answer", block: other === "w1" ? "b1" : "b2", from: other, unanswered: true },
  })
  // What the silent one had made is made again, where it was made before: that is where its input is.
  const [made] = bench.flush().launched as unknown as [{ task: string; worker: string }]
  assert.is(made.worker, other)
  bench.done(made.worker, made.task, { sections: [1, 1] })
  const again = bench.flush().launched.find(({ task }) => task.startsWith(one.task.slice(0, -1)))
  assert.ok(again !== undefined && again.worker !== one.worker, again?.worker)
})

test("a lost step is missed by versions that are read from it, not by those from the next base on", () => {
  const tracker = new BlockTracker()
  const chains = new StateChains(tracker)
  for (let interval = 0; interval < 6; interval++) chains.enter("s", 1, { interval, output: `s@${interval}` })
  for (const interval of [0, 1, 3, 4, 5])
    tracker.put(`s@${interval}`, 0, { block: `b${interval}`, rows: 1, bytes: 1, base: interval === 0 || interval === 3 }, "w1")
  assert.equal(
    [0, 1, 2, 3, 5, 9].map(oldest => chains.missingFrom("s", oldest)),
    [2, 2, 2, Infinity, Infinity, Infinity],
  )
  tracker.removePart("s@3", 0)
  assert.is(chains.missingFrom("s", 9), 2)
})

test("the result of an attempt that was given up is taken if it is still wanted", () => {
  const bench = mapReduce()
  start(bench, "j", "reduce")
  bench.flush()
  bench.scheduler.restart("w1")
  assert.equal(names(bench.flush()), ["map/0.2 w1"])
  bench.done("w1", "map/0.1", { sections: [1, 1] })
  assert.equal(bench.flush().cancelled, ["map/0.2"])
  bench.done("w2", "map/1.1", { sections: [1, 1] })
  assert.is(bench.flush().launched.length, 2)
})

/** A state of two partitions, interval 10 ms, whose steps read the one before. */
function stateBench(): Bench {
  const bench = new Bench()
  for (let i = 1; i <= 3; i++) bench.scheduler.addWorker(`w${i}`, `h${i}`, 1)
  for (let k = 0; k < 4; k++) {
    const interval = k * 10
    bench.tracker.hold(`in${k}`, "w3", 100, 10)
    bench.add(`in@${interval}`, 1, single, () => [{ kind: "block", block: `in${k}` }])
    const previous =
      k === 0 ? null : ({ kind: "stateAt", stream: "s", at: interval - 10, intervalMs: 10, partitions: 2, read: { kind: "rows" } } as const)
    bench.add(
      `s@${interval}`,
      2,
      { kind: "state" },
      p => [
        { kind: "shuffle", output: `in@${interval}`, partition: p },
        ...(previous === null ? [] : [{ kind: "state" as const, stream: "s", partition: p, at: interval - 10 }]),
      ],
      [`in@${interval}`],
      {
        stream: "s",
        interval: { from: interval, to: interval + 10 },
        root: {
          ...{
            kind: "state",
            id: `s@${interval}`,
            stream: "s",
            interval,
            intervalMs: 10,
            partitions: 2,
            previous,
            input: null,
            initial: null,
          },
          op: { kind: "runningReduce", f: { kind: "builtin", name: "sum" } },
        },
      },
    )
  }
  return bench
}

/** Runs everything; gives the state tasks' workers by task. */
function work(bench: Bench, sections: number[]): Map<string, string> {
  const placed = new Map<string, string>()
  for (let flushed = bench.flush(); flushed.launched.length > 0; flushed = bench.flush()) {
    for (const { task, worker } of flushed.launched) {
      if (task.startsWith("in@")) bench.done(worker, task, { sections })
      else {
        placed.set(task, worker)
        bench.done(worker, task, { base: task.startsWith("s@0/") })
      }
    }
  }
  return placed
}

test("steps of a state overlap by partition, keep their worker, and an untouched partition has none", () => {
  const bench = stateBench()
  start(bench, "k0", "s@0", 1)
  start(bench, "k1", "s@10", 2)
  // Both intervals' maps at once.
  const maps = bench.flush().launched
  assert.equal(
    maps.map(({ task }) => task),
    ["in@0/0.1", "in@10/0.1"],
  )
  bench.done("w3", "in@0/0.1", { sections: [1, 1] })
  bench.done("w3", "in@10/0.1", { sections: [0, 2] })
  const placed = work(bench, [1, 1])
  assert.equal([...placed.keys()].sort(), ["s@0/0.1", "s@0/1.1", "s@10/1.1"])
  assert.is(placed.get("s@10/1.1"), placed.get("s@0/1.1"))
  assert.equal(bench.jobs(), ["k0 done", "k1 done"])
  assert.equal(
    bench.chains.resolve("s", 0, 10).links?.map(({ interval }) => interval),
    [0],
  )
  assert.equal(
    bench.chains.resolve("s", 1, 10).links?.map(({ interval }) => interval),
    [0, 10],
  )
})

test("a lost chain is made again from the newest base that is left, step by step", () => {
  const bench = stateBench()
  for (const [i, k] of [0, 10, 20].entries()) start(bench, `k${k}`, `s@${k}`, i)
  const placed = work(bench, [1, 1])
  for (const k of [0, 10, 20]) bench.scheduler.release(`k${k}`)
  const home = placed.get("s@0/0.1") as string
  // The base has a copy, the deltas have none.
  const base = bench.tracker.part("s@0", 0)?.block as string
  bench.tracker.copied(base, "w3")
  bench.tracker.hold("in0", "w2", 100, 10)
  bench.scheduler.removeWorker(home, true)
  bench.flush()
  start(bench, "k30", "s@30", 9)
  const again = work(bench, [1, 1])
  assert.equal([...again.keys()].filter(task => task.includes("/0.")).sort(), ["s@10/0.1", "s@20/0.1", "s@30/0.1"])
  assert.ok(bench.jobs().includes("k30 done"), bench.jobs().join())
})

test("workers take only so many tasks at a time", () => {
  const bench = new Bench()
  bench.scheduler.addWorker("w1", "h1", 2)
  bench.add("many", 50, store, () => [{ kind: "asset", hash: "x" }])
  start(bench, "j", "many")
  const first = bench.flush().launched
  assert.is(first.length, 16)
  bench.done("w1", "many/0.1")
  assert.equal(
    bench.flush().launched.map(({ task }) => task),
    ["many/16.1"],
  )
})

test("of tasks that take no time workers take more", () => {
  const bench = new Bench()
  bench.scheduler.addWorker("w1", "h1", 2)
  bench.add("many", 80, store, () => [{ kind: "asset", hash: "x" }])
  start(bench, "j", "many")
  assert.is(bench.flush().launched.length, 16)
  bench.done("w1", "many/0.1", { ms: 0.2 })
  assert.is(bench.flush().launched.length, 33)
})

test("a straggler gets a copy, and the first to finish wins", () => {
  const bench = new Bench()
  for (const w of ["w1", "w2"]) bench.scheduler.addWorker(w, w, 4)
  bench.add("many", 8, store, () => [{ kind: "asset", hash: "x" }])
  start(bench, "j", "many")
  const launched = bench.flush().launched
  const slow = launched[0] as { task: string; worker: string }
  for (const { task, worker } of launched.slice(1)) bench.done(worker, task)
  bench.nowMs = 100
  assert.is(bench.scheduler.speculate(bench.nowMs), 0)
  bench.nowMs = 1000
  assert.is(bench.scheduler.speculate(bench.nowMs), 1)
  const [copy] = bench.flush().launched as unknown as [{ task: string; worker: string }]
  assert.is.not(copy.worker, slow.worker)
  bench.done(copy.worker, copy.task)
  assert.equal(bench.flush().cancelled, [slow.task])
  assert.equal(bench.jobs(), ["j done"])
})

test("a straggler whose function failed has its copy for a second try, and no third", () => {
  const bench = new Bench()
  for (const w of ["w1", "w2"]) bench.scheduler.addWorker(w, w, 4)
  bench.add("many", 8, store, () => [{ kind: "asset", hash: "x" }])
  start(bench, "j", "many")
  const [slow, ...others] = bench.flush().launched
  for (const { task, worker } of others) bench.done(worker, task)
  bench.nowMs = 1000
  assert.is(bench.scheduler.speculate(bench.nowMs), 1)
  bench.flush()
  bench.done(slow!.worker, slow!.task, { failure: { kind: "timeout", message: "loops" } })
  bench.nowMs = 60_000
  assert.is(bench.scheduler.speculate(bench.nowMs), 0)
})

test("who waits in a queue that gets on is no straggler; in one that does not, all are", () => {
  const bench = new Bench()
  for (const w of ["w1", "w2"]) bench.scheduler.addWorker(w, w, 1)
  bench.add("many", 16, store, () => [{ kind: "asset", hash: "x" }])
  start(bench, "j", "many")
  const { launched } = bench.flush()
  const queues = ["w1", "w2"].map(w => launched.filter(({ worker }) => worker === w))
  assert.equal(
    queues.map(queue => queue.length),
    [8, 8],
  )
  for (let i = 0; i < 6; i++) {
    bench.nowMs += 300
    for (const queue of queues) bench.done(queue[i]!.worker, queue[i]!.task, { ms: 300 })
    assert.is(bench.scheduler.speculate(bench.nowMs + 290), 0, `after ${i + 1} of 8`)
  }
  bench.nowMs += 300
  bench.done("w1", queues[0]![6]!.task, { ms: 300 })
  bench.nowMs += 200
  assert.is(bench.scheduler.speculate(bench.nowMs), 2)
  assert.equal(
    bench.flush().launched.map(({ task, worker }) => `${task} ${worker}`),
    queues[1]!.slice(6).map(({ task }) => `${task.replace(".1", ".2")} w1`),
  )
})

test("a stage's only task is compared with those of intervals before, and copied if a worker is idle", () => {
  const bench = new Bench()
  for (const w of ["w1", "w2"]) bench.scheduler.addWorker(w, w, 1)
  const total = (i: number) => {
    bench.add(`total${i}`, 1, store, () => [{ kind: "asset", hash: "x" }], [], { stream: "s1", label: "count" })
    start(bench, `j${i}`, `total${i}`)
    return bench.flush().launched[0] as { task: string; worker: string }
  }
  const first = total(0)
  bench.nowMs = 5_000
  assert.is(bench.scheduler.speculate(bench.nowMs), 0, "nothing is known yet")
  bench.done(first.worker, first.task)
  for (let i = 1; i < 3; i++) {
    const { worker, task } = total(i)
    bench.nowMs += 5
    bench.done(worker, task)
  }
  const slow = total(3)
  bench.nowMs += 900
  assert.is(bench.scheduler.speculate(bench.nowMs), 0)
  const other = total(4)
  assert.is.not(other.worker, slow.worker)
  bench.nowMs += 200
  assert.is(bench.scheduler.speculate(bench.nowMs), 0, "the other worker is busy")
  bench.done(other.worker, other.task)
  assert.is(bench.scheduler.speculate(bench.nowMs), 1)
  const [copy] = bench.flush().launched
  assert.is(copy!.worker, other.worker)
})

test("a task that failed twice tells where its function is, whichever attempt could tell", () => {
  const origin = { file: "views.ts", line: 3, column: 5, text: "" }
  for (const known of [0, 1]) {
    const bench = mapReduce()
    start(bench, "j", "reduce")
    for (const attempt of [0, 1]) {
      const { worker, task } = bench.flush().launched.find(({ task }) => task === `map/0.${attempt + 1}`)!
      const failure: TaskFailure = { kind: "timeout", message: "loops", ...(attempt === known && { origin }) }
      bench.done(worker, task, { failure })
    }
    assert.equal(bench.failures(), [{ kind: "timeout", message: "loops", origin, workers: ["w1", "w2"] }], `attempt ${known + 1} tells`)
  }
})

test("a question's only task gets a copy after some seconds, sooner when its worker is known to be slow; the copy outlives its end", () => {
  const bench = new Bench()
  for (const w of ["w1", "w2"]) bench.scheduler.addWorker(w, w, 1)
  const asked = (i: number) => {
    bench.add(`q${i}`, 1, store, () => [{ kind: "asset", hash: "x" }], [], { label: "count" })
    start(bench, `q${i}`, `q${i}`, 1, "query")
    return bench.flush().launched[0] as { task: string; worker: string }
  }
  const { task, worker } = asked(0)
  bench.nowMs = 4_900
  assert.is(bench.scheduler.speculate(bench.nowMs), 0)
  for (let i = 0; i < 40; i++) bench.placement.took(worker, 400, 100)
  assert.is(bench.scheduler.speculate(bench.nowMs), 1)
  const [copy] = bench.flush().launched
  const failure: TaskFailure = { kind: "timeout", message: "did not end", operator: "count" }
  bench.done(worker, task, { failure })
  assert.equal(bench.jobs(), [])
  bench.done(copy!.worker, copy!.task)
  assert.equal(bench.jobs(), ["q0 done"])
  for (let i = 0; i < 40; i++) bench.placement.took(worker, 100, 100)
  asked(1)
  bench.nowMs += 4_900
  assert.is(bench.scheduler.speculate(bench.nowMs), 0)
  bench.nowMs += 200
  assert.is(bench.scheduler.speculate(bench.nowMs), 1)
})

test.run()
