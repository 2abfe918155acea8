/**
 * Functions that throw and functions that never return, in every place where a user's function may stand: that stream alone is
 * held (that question alone fails) and says where, all others go on, and with a good one in its place the totals are right.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import type { ClusterEvent } from "../../cluster/protocol.js"
import type { DStream, Handle, RDD } from "../../engine/fluent/types.js"
import type { TaskFailure } from "../../engine/task.js"
import { bad, good, type Pair, type Poison, slots, totals } from "./poison-slots.js"

const test = suite<{ cluster: Embedded; session: ClientSession }>("poisoned functions")

test.before(async context => {
  context.cluster = await startEmbedded({ workers: 2, cores: 2, memoryBytes: 64 * 2 ** 20, taskTimeoutMs: 1_500 })
  context.session = await connect(context.cluster.address, { user: "u", program: "p" })
})

test.after(async ({ session, cluster }) => {
  await session.close()
  await cluster.stop()
})

/** Resolves when so many streams were told to be held. */
function heldEvents(session: ClientSession): {
  readonly held: Map<string, Extract<ClusterEvent, { kind: "held" }>>
  wait(n: number): Promise<void>
} {
  const held = new Map<string, Extract<ClusterEvent, { kind: "held" }>>()
  let look = () => {}
  session.calls.onPush(push => {
    if (push.kind === "event" && push.event.kind === "held") held.set(push.event.stream, push.event)
    look()
  })
  return {
    held,
    wait: n =>
      new Promise(resolve => {
        look = () => held.size >= n && resolve()
        look()
      }),
  }
}

async function send(session: ClientSession, to: string, lines: readonly string[]): Promise<void> {
  const sender = await openSender(session, to)
  await sender.write(Buffer.from(`${lines.join("\n")}\n`))
  await sender.close()
}

/** Resolves when the stream's newest version is as wanted. */
function until(session: ClientSession, stream: Handle, isSo: () => Promise<boolean>): Promise<void> {
  return new Promise((resolve, reject) => {
    const subscription = session.onCompleted(stream, async () => {
      if (!(await isSo().catch(reject))) return
      await (await subscription).stop()
      resolve()
    })
    subscription.catch(reject)
  })
}

const ofState = async (stream: Handle): Promise<Pair[]> => {
  const rows = await (stream as unknown as { latest(): RDD<Pair> }).latest().collect()
  return rows.sort(([a], [b]) => (a < b ? -1 : 1))
}

const pairOf = (line: string): Pair => [line.split(" ")[0]!, Number(line.split(" ")[1])]

/** What is said of a function that threw, or did not return, at the bad record. */
function checkFailure(failure: TaskFailure, kind: Poison, what: string, record: RegExp, loops: RegExp, sideBySide = false): void {
  const said = `${what}: ${JSON.stringify({ ...failure, stack: undefined })}`
  assert.is(failure.kind, kind === "throw" ? "user" : "timeout", said)
  if (kind === "throw") assert.is(failure.message, "poisoned", said)
  else assert.match(failure.message, loops, said)
  assert.ok(failure.operator, said)
  // A thread that does not come back cannot tell what it was given.
  if (kind === "throw") assert.match(failure.record ?? "", record, said)
  if (kind === "throw" || !sideBySide) assert.match(failure.origin?.file ?? "", /poison(-slots|\.test)\.ts$/, said)
}

test("streams: each that fails is held and says why, all others go on, and mended it has counted everything", async ({ session }) => {
  const events = heldEvents(session)
  const lines = session.readStream("lines", "1s")
  const pairs = lines.map(pairOf)
  const healthy = pairs.runningReduce((a, b) => a + b).named("healthy")
  const kinds = ["throw", "loop"] as const
  const poisoned = slots.flatMap(slot =>
    kinds
      .filter(kind => kind === "throw" || slot.loops || process.env.RIVULET_LOOPS === "all")
      .map(kind => ({ slot, kind, stream: slot.define(pairs, kind, lines).named(`${slot.name}-${kind}`) })),
  )
  const told = (kind: Poison) =>
    pairs.foreachRDD(async rdd => {
      for (const [key, n] of await rdd.collect()) {
        while (kind === "loop" && n === 4);
        if (kind === "throw" && n === 4) throw new Error("poisoned")
        if (n > 0) console.log(`${key} ${n}`)
      }
    })
  const outputs = kinds.map(kind => ({ kind, stream: told(kind).named(`foreachRDD-${kind}`) }))
  await session.flush()
  await send(session, "lines", good)
  await until(session, healthy, async () => (await healthy.get("b")) === 2)
  await send(session, "lines", [bad])
  // Not only when the poisoned ones have been stopped.
  await until(session, healthy, async () => (await healthy.get("poison")) === 4)
  await events.wait(poisoned.length + outputs.length)
  const failureOf = (stream: Handle) => events.held.get(`p/${stream.name}`)!.failure
  for (const { slot, kind, stream } of poisoned)
    checkFailure(failureOf(stream), kind, stream.name, slot.record, /did not end within 1.5 s and was stopped/, slot.sideBySide)
  for (const { kind, stream } of outputs) {
    const failure = failureOf(stream)
    assert.is(failure.kind, kind === "throw" ? "user" : "timeout", stream.name)
    assert.match(failure.message, kind === "throw" ? /^poisoned$/ : /did not end within 3 s and was stopped/)
  }
  assert.equal([...events.held.keys()].sort(), [...poisoned, ...outputs].map(({ stream }) => `p/${stream.name}`).sort())

  for (const { slot, stream } of poisoned) await stream.replace(slot.define(pairs, null, lines), { from: "failed" })
  for (const { stream } of outputs) await stream.replace(told(null), { from: "failed" })
  for (const { slot, kind, stream } of poisoned) {
    await until(session, stream, async () => (await ofState(stream)).some(([key, n]) => key === "poison" && n === 4))
    assert.equal(await ofState(stream), totals, `${slot.name} ${kind}`)
  }
  for (const { stream } of outputs) {
    const said = new Set<string>()
    for await (const { text } of session.logs({ stream: stream.name, follow: true })) if (said.add(text).has(bad)) break
    assert.equal([...said].sort(), ["a 1", "a 3", "b 2", bad], stream.name)
  }
})

test("what leaves a window is subtracted by a function that fails: held, and mended; so is the input whose time is made by one", async ({
  session,
}) => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-poison-"))
  const path = join(directory, "lines")
  // A line a second, the last one bad: in the windows it stands and from the windows it goes.
  writeFileSync(path, "1 2\n2 4\n3 2\n4 2\n5 2\n")
  const timed = (f: (line: string) => number) => session.readStream(`file:${path}`, "1s", { timestamp: f })
  const inverse = (poisoned: boolean) => (a: number, b: number) => {
    if (poisoned && b === 4) throw new Error("poisoned")
    return a - b
  }
  const sums = (poisoned: boolean) =>
    timed(line => Number(line[0]) * 1_000)
      .map((line): [string, number] => ["all", Number(line[2])])
      .reduceByWindow("2s", (a, b) => a + b, inverse(poisoned))
  const events = heldEvents(session)
  const window = sums(true).named("window-inverse")
  const untimed = timed(line => {
    if (line[2] === "4") throw new Error("poisoned")
    return Number(line[0]) * 1_000
  }).named("timestamp")
  untimed
    .map((line): [string, number] => [line, 1])
    .runningReduce((a, b) => a + b)
    .named("behind")
  await session.flush()
  await events.wait(2)
  checkFailure(events.held.get("p/window-inverse")!.failure, "throw", "window-inverse", /4$/, /./)
  await window.replace(sums(false), { from: "failed" })
  await until(session, window, async () => (await window.latest().collect()).some(([, n]) => n === 4))
  const { kind, message } = events.held.get("p/timestamp")!.failure
  assert.equal([kind, message], ["user", "poisoned"])
  await untimed.stop({ cascade: true })
  rmSync(directory, { recursive: true })
})

const questions: readonly {
  readonly name: string
  ask(lines: DStream<string>, kind: Poison): Promise<unknown>
  readonly record: RegExp
}[] = [
  {
    name: "map",
    ask: (lines, kind) =>
      lines
        .slice("-10m")
        .map(line => {
          while (kind === "loop" && line === "poison 4");
          if (kind === "throw" && line === "poison 4") throw new Error("poisoned")
          return line
        })
        .count(),
    record: /"poison 4"/,
  },
  {
    name: "filter",
    ask: (lines, kind) =>
      lines
        .slice("-10m")
        .filter(line => {
          while (kind === "loop" && line === "poison 4");
          if (kind === "throw" && line === "poison 4") throw new Error("poisoned")
          return true
        })
        .count(),
    record: /"poison 4"/,
  },
  {
    name: "reduce",
    ask: (lines, kind) =>
      lines
        .slice("-10m")
        .map(line => Number(line.split(" ")[1]))
        .reduce((a, b) => {
          while (kind === "loop" && b === 4);
          if (kind === "throw" && b === 4) throw new Error("poisoned")
          return a + b
        }),
    record: /\b4\b/,
  },
  {
    name: "reduceByKey",
    ask: (lines, kind) =>
      lines
        .slice("-10m")
        .map((line): Pair => ["all", Number(line.split(" ")[1])])
        .reduceByKey((a, b) => {
          while (kind === "loop" && b === 4);
          if (kind === "throw" && b === 4) throw new Error("poisoned")
          return a + b
        })
        .collect(),
    record: /\b4\b/,
  },
  {
    name: "top",
    ask: (lines, kind) =>
      lines.slice("-10m").top(1, line => {
        while (kind === "loop" && line === "poison 4");
        if (kind === "throw" && line === "poison 4") throw new Error("poisoned")
        return Number(line.split(" ")[1])
      }),
    record: /"poison 4"/,
  },
]

test("questions: each that fails is refused and says why, a loop soon; others are answered meanwhile", async ({ session }) => {
  const lines = session.stream<string>("lines")
  const failed = async ({ name, ask, record }: (typeof questions)[number], kind: Poison) => {
    const failure = await ask(lines, kind).then(
      () => assert.unreachable(`${name} ${kind}`),
      (error: Error & { code: number; failure?: TaskFailure }) => {
        assert.is(error.code, 1, `${name} ${kind}: ${error.message}`)
        return error.failure
      },
    )
    checkFailure(failure!, kind, `${name} ${kind}`, record, /did not end with one record within 0.5 s and was stopped/)
  }
  const asked = questions.flatMap(question => (["throw", "loop"] as const).map(kind => failed(question, kind)))
  const [before] = await Promise.all([lines.slice("-10m").count(), ...asked])
  assert.ok(before >= good.length + 1, `${before} lines`)

  // What would take the thread's other tasks with it, or the whole worker, and then the next.
  const messageOf = (f: (line: string) => unknown) =>
    lines
      .slice("-10m")
      .map(f)
      .count()
      .then(String, (error: Error) => error.message)
  const pollutes = (line: string) => Object.assign(Array.prototype, { push: () => 0 }) && line
  assert.match(await messageOf(pollutes), /a function has changed Array\.prototype\.push, which all functions share/)
  type Made = { readonly constructor: { readonly constructor: (code: string) => () => void } }
  const kills = (line: string) => (line as unknown as Made).constructor.constructor("process.kill(process.pid, 'SIGKILL')")()
  assert.match(await messageOf(kills), /process\.kill is not there inside a task/)
  const words = await lines
    .slice("-10m")
    .map(pairOf)
    .reduceByKey((a, b) => a + b)
    .collect()
  assert.equal(
    [...words].sort(([a], [b]) => (a < b ? -1 : 1)),
    totals,
  )
})

test.run()
