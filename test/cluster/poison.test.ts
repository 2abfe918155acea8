/**
 * Functions that throw and functions that never return, in every place where a user's function may stand: that stream alone is
 * held (that question alone fails) and says where, all others go on, and with a good one in its place the totals are right.
 */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import type { ClusterEvent } from "../../cluster/protocol.js"
import type { DStream, Handle, RDD } from "../../engine/fluent/types.js"

const test = suite("poisoned functions")

type Poison = "throw" | "loop" | null
type Pair = [string, number]

const good = ["a 1", "b 2", "a 3", "poison 0"]
const bad = "poison 4"
const totals: Pair[] = [
  ["a", 4],
  ["b", 2],
  ["poison", 4],
]

interface Slot {
  readonly name: string
  /** With a function that throws or loops when it meets the bad record, or never. */
  define(pairs: DStream<Pair>, kind: Poison, lines: DStream<string>): Handle
  /** What the failure shows of the record. */
  readonly record: RegExp
}

// Each function holds its poison itself, so that the line of the failure is its own.
const slots: readonly Slot[] = [
  {
    name: "map",
    define: (_, kind, lines) =>
      lines
        .map((line): Pair => {
          while (kind === "loop" && line === "poison 4");
          if (kind === "throw" && line === "poison 4") throw new Error("poisoned")
          return [line.split(" ")[0]!, Number(line.split(" ")[1])]
        })
        .runningReduce((a, b) => a + b),
    record: /poison 4/,
  },
  {
    name: "filter",
    define: (pairs, kind) =>
      pairs
        .filter(([, n]) => {
          while (kind === "loop" && n === 4);
          if (kind === "throw" && n === 4) throw new Error("poisoned")
          return true
        })
        .runningReduce((a, b) => a + b),
    record: /poison/,
  },
  {
    name: "flatMap",
    define: (pairs, kind) =>
      pairs
        .flatMap(([key, n]): Pair[] => {
          while (kind === "loop" && n === 4);
          if (kind === "throw" && n === 4) throw new Error("poisoned")
          return [[key, n]]
        })
        .runningReduce((a, b) => a + b),
    record: /poison/,
  },
  {
    name: "reduceByKey",
    define: (pairs, kind) =>
      pairs
        .flatMap(([key, n]): Pair[] => [
          [key, n / 2],
          [key, n / 2],
        ])
        .reduceByKey((a, b) => {
          while (kind === "loop" && a === 2);
          if (kind === "throw" && a === 2) throw new Error("poisoned")
          return a + b
        })
        .runningReduce((a, b) => a + b),
    record: /2, 2/,
  },
  {
    name: "runningReduce",
    define: (pairs, kind) =>
      pairs
        .flatMap(([key, n]): Pair[] => [
          [key, n / 2],
          [key, n / 2],
        ])
        .runningReduce((a, b) => {
          while (kind === "loop" && a === 2 && b === 2);
          if (kind === "throw" && a === 2 && b === 2) throw new Error("poisoned")
          return a + b
        }),
    record: /2, 2/,
  },
  {
    name: "track",
    define: (pairs, kind) =>
      pairs.track(
        (_key, n) => n,
        (_key, state, n) => {
          while (kind === "loop" && n === 4);
          if (kind === "throw" && n === 4) throw new Error("poisoned")
          return state + n
        },
        "1h",
      ),
    record: /poison.*4/,
  },
  {
    name: "updateStateByKey",
    define: (pairs, kind) =>
      pairs.updateStateByKey((values: number[], state: number | undefined) => {
        while (kind === "loop" && values.includes(4));
        if (kind === "throw" && values.includes(4)) throw new Error("poisoned")
        return values.reduce((a, b) => a + b, state ?? 0)
      }),
    record: /4/,
  },
  {
    name: "window",
    define: (pairs, kind) =>
      pairs
        .flatMap(([key, n]): Pair[] => [
          [key, n / 2],
          [key, n / 2],
        ])
        .reduceByWindow("1h", (a, b) => {
          while (kind === "loop" && a === 2 && b === 2);
          if (kind === "throw" && a === 2 && b === 2) throw new Error("poisoned")
          return a + b
        }),
    record: /2, 2/,
  },
]

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

test("streams: each that fails is held and says why, all others go on, and mended it has counted everything", async () => {
  const cluster = await startEmbedded({ workers: 2, cores: 2, memoryBytes: 64 * 2 ** 20, taskTimeoutMs: 1_500 })
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const events = heldEvents(session)
  const lines = session.readStream("lines", "1s")
  const pairs = lines.map((line): Pair => [line.split(" ")[0]!, Number(line.split(" ")[1])])
  const healthy = pairs.runningReduce((a, b) => a + b).named("healthy")
  const poisoned = slots.flatMap(slot =>
    (["throw", "loop"] as const).map(kind => ({ slot, kind, stream: slot.define(pairs, kind, lines).named(`${slot.name}-${kind}`) })),
  )
  await session.flush()
  await send(session, "lines", good)
  await until(session, healthy, async () => (await healthy.get("b")) === 2)
  await send(session, "lines", [bad])
  // Not only when the poisoned ones have been stopped.
  await until(session, healthy, async () => (await healthy.get("poison")) === 4)
  await events.wait(poisoned.length)
  for (const { slot, kind, stream } of poisoned) {
    const { failure } = events.held.get(`p/${stream.name}`)!
    const what = `${stream.name}: ${JSON.stringify({ ...failure, stack: undefined })}`
    assert.is(failure.kind, kind === "throw" ? "user" : "timeout", what)
    if (kind === "loop") {
      assert.match(failure.message, /did not end within 1.5 s and was stopped/, what)
      assert.ok(failure.operator, what)
    } else {
      assert.is(failure.message, "poisoned", what)
      assert.match(failure.record ?? "", slot.record, what)
      assert.match(failure.origin?.file ?? "", /poison\.test\.ts$/, what)
    }
  }
  assert.equal([...events.held.keys()].sort(), poisoned.map(({ stream }) => `p/${stream.name}`).sort())
  for (const { slot, stream } of poisoned) await stream.replace(slot.define(pairs, null, lines), { from: "failed" })
  for (const { slot, kind, stream } of poisoned) {
    await until(session, stream, async () => (await ofState(stream)).some(([key, n]) => key === "poison" && n === 4))
    assert.equal(await ofState(stream), totals, `${slot.name} ${kind}`)
  }
  await session.close()
  await cluster.stop()
})

test.run()
