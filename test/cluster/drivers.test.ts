import { suite } from "uvu"
import * as assert from "uvu/assert"
import { DriverThreads } from "../../cluster/adapters/driver-thread.js"
import type { ClientCalls } from "../../cluster/client/calls.js"
import { encodeRows } from "../../engine/block/block.js"
import { linkFunction } from "../../engine/capture/capture.js"
import type { StreamDefinition } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"

const parent: StreamDefinition = {
  id: "p.1",
  version: 1,
  program: "p",
  name: "views",
  named: true,
  kind: "input",
  owner: "u",
  intervalMs: 1_000,
  from: "next",
  node: {
    kind: "input",
    source: { kind: "receiver", name: "views" },
    format: { kind: "text" },
    timestamp: null,
    disorderMs: 0,
    onBadRecord: "setAside",
  },
  rememberMs: null,
  persist: false,
  source: "",
}

/** A cluster of one stream whose every RDD is two lines; it keeps what it was asked. */
function cluster() {
  const asked: unknown[] = []
  const calls: ClientCalls = {
    async call(call) {
      if (call.kind === "request" && call.body.kind === "openSession") return { value: { session: "s1" }, payload: [] }
      if (call.kind === "request" && call.body.kind === "catalog") return { value: [{ definition: parent, state: "running" }], payload: [] }
      if (call.kind !== "query" || call.body.kind !== "query") throw new RivuletError(`not expected: ${call.kind}`)
      asked.push(call.body.rdd)
      const stamp = { intervals: { from: 0, to: 1_000 }, asOf: 1_000, partitions: [1, 1], recomputed: 0, from: ["memory"], bytesMoved: 0 }
      return { value: { rows: 2, bytes: 0, stamp, ms: 1 }, payload: [encodeRows(["a", "b"])] }
    },
    onPush: () => () => {},
    now: () => 5_000,
    close: async () => {},
  }
  return { calls, asked }
}

const test = suite("driver threads")
const interval = { from: 3_000, to: 4_000 }

type Body = (rdd: { collect(): Promise<string[]> }, interval: { from: number; to: number }) => unknown

function threads(calls: ClientCalls, blockedMs?: number) {
  const drivers = new DriverThreads({ connect: async () => calls, ...(blockedMs !== undefined && { blockedMs }) })
  let tasks = 0
  const run = (body: Body, stream = "out", timeoutMs = 30_000) => {
    const { assets } = linkFunction(body, { operator: "foreachRDD", allowAsync: true, allowHandles: true })
    for (const { hash, bytes } of assets) drivers.asset(hash, bytes)
    const [asset] = assets
    return drivers.run({ kind: "runDriver", task: `t${tasks++}`, asset: asset!.hash, stream, interval, parent: "p.1", timeoutMs })
  }
  return { drivers, run }
}

test("a body gets the interval's RDD and may ask it; what it prints comes back", async () => {
  const { calls, asked } = cluster()
  const { drivers, run } = threads(calls)
  const greeting = "lines"
  const end = await run(async (rdd, { from, to }) => {
    const lines = await rdd.collect()
    console.log(greeting, lines, to - from)
    console.warn("twice")
    console.warn("twice")
  })
  assert.equal(end, {
    logs: [
      { level: "log", text: "lines [ 'a', 'b' ] 1000", repeated: 1 },
      { level: "warn", text: "twice", repeated: 2 },
    ],
  })
  assert.match(JSON.stringify(asked), /"kind":"slice","stream":"p.1","from":3000,"to":4000/)
  await drivers.close()
})

test("what a body throws, and where, is the user's failure; the next body runs", async () => {
  const { drivers, run } = threads(cluster().calls)
  const [failed, next] = await Promise.all([
    run(() => {
      console.log("before")
      throw new TypeError("no table")
    }),
    run(() => console.log("next")),
  ])
  assert.equal([failed.error?.kind, failed.error?.message, failed.error?.errorName], ["user", "no table", "TypeError"])
  assert.is(failed.logs[0]?.text, "before")
  assert.equal(next, { logs: [{ level: "log", text: "next", repeated: 1 }] })
  await drivers.close()
})

test("a body that blocks its thread is ended; another output's is not held up", async () => {
  const { drivers, run } = threads(cluster().calls, 2_500)
  const [blocked, waits, other] = await Promise.all([
    run(() => {
      for (;;);
    }, "one"),
    run(() => console.log("never"), "one"),
    run(() => console.log("fine"), "two"),
  ])
  assert.equal([blocked.error?.kind, waits.error?.kind, other.error], ["timeout", "machine", undefined])
  const again = await run(() => console.log("a new thread"), "one")
  assert.is(again.logs[0]?.text, "a new thread")
  await drivers.close()
})

test("a body that does not end in time is ended, and what it printed is kept", async () => {
  const { drivers, run } = threads(cluster().calls)
  const late = await run(
    async rdd => {
      console.log("begun", (await rdd.collect()).length)
      await new Promise(() => {})
    },
    "one",
    1_500,
  )
  assert.equal([late.error?.kind, late.logs[0]?.text], ["timeout", "begun 2"])
  assert.match(late.error!.message, /did not end within 1.5 s/)
  await drivers.close()
})

test("a body's time stands while it waits for an answer of the cluster", async () => {
  const { calls } = cluster()
  let answer = () => {}
  const answered = new Promise<void>(resolve => {
    answer = resolve
  })
  let asked = () => {}
  const asking = new Promise<void>(resolve => {
    asked = resolve
  })
  const late: ClientCalls = {
    ...calls,
    call: async call => {
      if (call.kind === "query") {
        asked()
        await answered
      }
      return calls.call(call)
    },
  }
  const { drivers, run } = threads(late)
  const waits = run(async rdd => console.log((await rdd.collect()).length), "one", 2_000)
  // Another's time, which begins later and is no shorter, is up before the answer comes.
  await asking
  const other = await run(() => new Promise(() => {}), "two", 2_000)
  answer()
  const { error, logs } = await waits
  assert.equal([other.error?.kind, error, logs[0]?.text], ["timeout", undefined, "2"])
  await drivers.close()
})

test("a question that a former body did not wait for leaves the next one all of its time", async () => {
  const { calls } = cluster()
  let answer = () => {}
  const answered = new Promise<void>(resolve => {
    answer = resolve
  })
  const asking = new Promise<void>(resolve => {
    const { call } = calls
    calls.call = async one => {
      if (one.kind === "query") {
        resolve()
        await answered
      }
      return call(one)
    }
  })
  const { drivers, run } = threads(calls)
  const given: (number | undefined)[] = []
  const { setTimeout: usual } = globalThis
  globalThis.setTimeout = ((f: () => void, ms?: number) => {
    given.push(ms)
    return usual(f, ms)
  }) as typeof setTimeout
  try {
    const first = run(rdd => void rdd.collect(), "one", 40_000)
    const next = run(() => console.log("next"), "one", 50_000)
    await Promise.all([first, asking])
    // The next one's message is on its way to the thread.
    answer()
    assert.is((await next).logs[0]?.text, "next")
  } finally {
    globalThis.setTimeout = usual
  }
  assert.ok(given.includes(50_000), `${given}`)
  await drivers.close()
})

test("a body is cancelled wherever it is: one that loops loses its thread, one that waits its turn", async () => {
  const { calls } = cluster()
  const { drivers, run } = threads(calls)
  const asks = calls.call
  calls.call = call => {
    // The body has begun, and loops when it has its answer.
    if (call.kind === "query") setImmediate(() => drivers.kill("t0"))
    return asks(call)
  }
  const [loops, next] = [
    run(async rdd => {
      await rdd.collect()
      for (;;);
    }),
    run(() => console.log("never")),
  ]
  drivers.kill("t1")
  assert.is((await next).error?.kind, "killed")
  assert.is((await loops).error?.kind, "killed")
  const again = await run(() => console.log("a new thread"))
  assert.is(again.logs[0]?.text, "a new thread")
  await drivers.close()
})

test("without a function or a cluster it is the machine's failure", async () => {
  const drivers = new DriverThreads({ connect: () => Promise.reject(new Error("no master answers")) })
  const command = { kind: "runDriver", task: "t", asset: "none", stream: "out", interval, parent: "p.1", timeoutMs: 30_000 } as const
  assert.match((await drivers.run(command)).error!.message, /the function none is not here/)
  drivers.asset("none", new Uint8Array(1))
  assert.equal((await drivers.run(command)).error, { kind: "machine", message: "no master answers", operator: "foreachRDD" })
  await drivers.close()
})

test.run()
