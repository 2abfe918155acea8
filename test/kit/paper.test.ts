/** The paper's programs against plain arrays, on calm clusters and on one in which a node dies. */

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runIntervals, simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"
import type { Handle, Session, StateDStream } from "../../engine/fluent/types.js"
import { random } from "../../engine/random.js"
import { root } from "../../scripts/places.js"
import { typescript } from "../../shell/typescript.js"
import * as paper from "./paper-programs.js"
import { sameEverywhere, sorted } from "./tables.js"

const ts = typescript()

const test = suite("the paper's programs")
const ms = (text: string) => Date.parse(text)

test("§3 page views: a running count", async () => {
  const views = [["/", "/a", "/"], [], ["/a"]].map(urls => urls.map(url => ({ url })))
  await sameEverywhere(
    { inputs: { views }, program: (_, { views: v }) => paper.pageViews(v!) },
    {
      counts: [
        [
          ["/", 2],
          ["/a", 1],
        ],
        [
          ["/", 2],
          ["/a", 1],
        ],
        [
          ["/", 2],
          ["/a", 2],
        ],
      ],
    },
  )
})

test("§3.2 words of the last five seconds", async () => {
  const sentences = [["to be or"], ["not to be"], [], ["that is"], ["the"], ["question"], []]
  const words = sentences.map((_, k) => {
    const counts = new Map<string, number>()
    for (const word of sentences
      .slice(Math.max(0, k - 4), k + 1)
      .flat()
      .join(" ")
      .split(" ")
      .filter(Boolean)) {
      counts.set(word, (counts.get(word) ?? 0) + 1)
    }
    return [...counts].map(([word, n]) => [word, n])
  })
  await sameEverywhere({ inputs: { sentences }, program: (_, { sentences: s }) => paper.slidingWords(s!) }, { words }, { on: [1, 2] })
})

test("§3.2 active sessions, and those of a bitrate above 1000", async () => {
  const join = (client: string, bitrate: number): paper.ClientEvent => ({ client, kind: "join", bitrate })
  const exit = (client: string): paper.ClientEvent => ({ client, kind: "exit" })
  await sameEverywhere(
    {
      inputs: { events: [[join("a", 500), join("b", 2000)], [join("c", 3000), exit("a")], [exit("c")], [join("b", 800)]] },
      program: (_, { events }) => paper.activeSessions(events!),
    },
    { active: [[2], [2], [1], [1]], fast: [[1], [2], [1], [0]] },
  )
})

const pick = <T>(draw: () => number, from: readonly T[]): T => from[Math.floor(draw() * from.length)]!

function playerEvents(intervals: number): paper.PlayerEvent[][] {
  const draw = random("players")
  const clients = Array.from({ length: 12 }, (_, i) => ({
    client: `c${i}`,
    customer: `customer ${i % 3}`,
    region: pick(draw, ["eu", "us"]),
    cdn: pick(draw, ["x", "y"]),
    device: pick(draw, ["tv", "phone"]),
    isp: pick(draw, ["one", "two", "three"]),
  }))
  return Array.from({ length: intervals }, () =>
    Array.from({ length: 10 }, () => ({
      ...pick(draw, clients),
      kind: pick(draw, ["start", "play", "play", "play", "buffer", "fail", "end"] as const),
      ms: Math.floor(draw() * 4000),
    })),
  )
}

test("§6.3.1 fifty metrics over tracked sessions in one scan, and over a window", async () => {
  const events = playerEvents(7)
  const state = new Map<string, { session: paper.PlayerSession; seen: number }>()
  const sessions: unknown[][] = []
  const metrics: unknown[][] = []
  const sliding: unknown[][] = []
  events.forEach((interval, k) => {
    for (const event of interval) {
      const known = state.get(event.client)
      if (known === undefined) state.set(event.client, { session: paper.newSession(event), seen: k })
      else if (event.kind === "end") state.delete(event.client)
      else state.set(event.client, { session: paper.addEvent(known.session, event), seen: k })
    }
    for (const [client, { seen }] of state) if (k - seen >= 5) state.delete(client)
    sessions.push([...state].map(([client, { session }]) => [client, session]))
    const groups = new Map<string, number[]>()
    for (const { session } of state.values()) {
      for (const by of paper.groupings) {
        const group = JSON.stringify([by, session[by]])
        const own = paper.metricsOf(session)
        groups.set(group, groups.has(group) ? paper.mergeMetrics(groups.get(group)!, own) : own)
      }
    }
    metrics.push([...groups].map(([group, of]) => [JSON.parse(group), of]))
    const buffered = new Map<string, number>()
    for (const event of events.slice(Math.max(0, k - 2), k + 1).flat()) {
      if (event.kind !== "buffer") continue
      for (const by of paper.groupings) {
        const group = JSON.stringify([by, event[by]])
        buffered.set(group, (buffered.get(group) ?? 0) + event.ms)
      }
    }
    sliding.push([...buffered].map(([group, of]) => [JSON.parse(group), of]))
  })
  await sameEverywhere(
    { inputs: { events }, program: (_, { events: e }) => paper.videoMetrics(e!) },
    { sessions, metrics, sliding },
    { on: [1, 2, 3] },
  )
})

test("§6.3.1 three questions of the live sessions", async () => {
  const s = await simulate({ workers: 4 })
  const { sessions } = paper.videoMetrics(s.readStream<paper.PlayerEvent>("events", "1s", { format: "json" }))
  const events = playerEvents(4)
  for (const interval of events) {
    s.feed(
      "events",
      interval.map(event => JSON.stringify(event)),
    )
    await s.advance("1s")
  }
  const all = (await sessions.latest().collect()).map(([, session]) => session)
  assert.ok(all.length > 4)
  assert.is(await sessions.latest().count(), all.length)
  const customer = "customer 1"
  assert.is(
    await sessions
      .latest()
      .filter(([, session]) => session.customer === customer)
      .count(),
    all.filter(session => session.customer === customer).length,
  )
  assert.is(
    await sessions
      .latest()
      .filter(([, session]) => session.failures > 0)
      .count(),
    all.filter(session => session.failures > 0).length,
  )
  await s.close()
})

test("§6.3.2 travel times from sparse trips: near the truth, and the same bytes whatever dies", async () => {
  const truth: Record<number, number> = { 0: 8, 1: 15, 2: 22, 3: 12, 4: 30, 5: 18 }
  const draw = random("trips")
  const trips = Array.from({ length: 8 }, () =>
    Array.from({ length: 40 }, (): paper.Trip => {
      const from = Math.floor(draw() * 6)
      const links = Array.from({ length: 1 + Math.floor(draw() * 3) }, (_, i) => (from + i) % 6)
      const seconds = links.reduce((total, link) => total + truth[link]! * (0.9 + 0.2 * draw()), 0)
      return { region: pick(draw, ["north", "south"]), links, seconds }
    }),
  )
  const run = (faults: readonly { kill: string; at: "2500ms"; for: "1s" }[]) =>
    runIntervals({
      interval: "1s",
      inputs: { trips },
      workers: 3,
      faults,
      program: (s, { trips: t }) =>
        paper.traffic(
          t!,
          s.parallelize(
            ["north", "south"].map((region): [string, paper.Travel] => [region, { mean: { 0: 10, 4: 20 }, weight: { 0: 2, 4: 2 } }]),
          ),
        ),
    })
  const calm = await run([])
  for (const row of calm.travel.at(-1)! as [string, paper.Travel][]) {
    for (const [link, seconds] of Object.entries(truth)) {
      const found = row[1].mean[Number(link)]!
      assert.ok(Math.abs(found - seconds) < seconds * 0.2, `link ${link} of ${row[0]}: ${found} for ${seconds}`)
    }
  }
  assert.equal((await run([{ kill: "w2", at: "2500ms", for: "1s" }])).travel.map(sorted), calm.travel.map(sorted))
  assert.equal((await run([{ kill: "master", at: "2500ms", for: "1s" }])).travel.map(sorted), calm.travel.map(sorted))
})

test("the talk: counts of 21:00 to 21:05, and a join with historic counts", async () => {
  const s = await simulate({ workers: 3, start: ms("2026-11-21T20:59:00Z") })
  const { counts } = paper.pageViews(s.readStream<{ url: string }>("views", "1m", { format: "json" }))
  for (const urls of [["/"], ["/", "/a"], [], ["/b"], ["/"], ["/c", "/d"], ["/e"]]) {
    s.feed(
      "views",
      urls.map(url => JSON.stringify({ url })),
    )
    await s.advance("1m")
  }
  // Versions at the ends of the minutes from 21:00 on: one count each.
  const series = await counts.slice("21:00", "21:05").count()
  assert.equal(series.values(), [2, 2, 3, 3, 5])
  assert.equal([...series][0]!.interval, { from: ms("2026-11-21T21:00:00Z"), to: ms("2026-11-21T21:01:00Z") })
  const historic = s
    .parallelize(["/", "/", "/a", "/a", "/a", "/z"])
    .map(url => [url, 1])
    .reduceByKey(sum)
  const joined = counts.join(historic).map(([url, [live, old]]) => [url, live / old])
  assert.equal(sorted(await joined.latest().collect()), [
    ["/", 1.5],
    ["/a", 1 / 3],
  ])
  await s.close()
})

test("the README's program does what it says", async () => {
  const readme = readFileSync(join(root, "README.md"), "utf8")
  const [, program = ""] = /```ts file=page-views\.ts\n([\s\S]*?)```/.exec(readme) ?? []
  assert.match(program, /readStream\("views", "1s", \{ format: "combined" \}\)/)
  const javascript = ts.transpile(program.replace(/^import .*$/m, ""), { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 })
  const s = await simulate({ workers: 2 })
  const exported: Record<string, Handle> = {}
  new Function("exports", "readStream", javascript)(exported, s.readStream as Session["readStream"])
  assert.equal(Object.keys(exported), ["views", "ones", "counts"])
  const line = (url: string) => `1.2.3.4 - - [21/Nov/2026:09:00:00 +0000] "GET ${url} HTTP/1.1" 200 5 "-" "-"`
  s.feed("views", [line("/"), line("/a"), line("/")])
  await s.advance("1s")
  assert.is(await (exported.counts as StateDStream<string, number>).get("/"), 2)
  await s.close()
})

test.run()
