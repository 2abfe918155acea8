// The names and types that users rely on. Compiled by api.test.ts, never run.
// biome-ignore-all format: as users write it, a case a line
// biome-ignore-all lint: the same
import type { AccessLog, DStream, Session, StateDStream } from "../../cluster/client/index.js"
import { diff, sum } from "../../cluster/client/index.js"

declare const s: Session
declare const views: DStream<AccessLog>
// the paper
const ones = views.map(v => [v.url, 1])
const counts = ones.runningReduce((a, b) => a + b)
const sentences = s.readStream("sentences", "1s")
export const words = sentences.flatMap(l => l.split(" ")).map(w => [w, 1]).reduceByWindow("5s", (a, b) => a + b, (a, b) => a - b)
const events = s.readStream<{ client: string; kind: "join" | "exit" }>("events", "1s", { format: "json" }).map(e => [e.client, e])
const sessions = events.track((key, ev) => 1, (key, st, ev) => ev.kind === "exit" ? null : 1, "30s")
export const active = sessions.count()
export const out = counts.foreachRDD(async rdd => console.log(await rdd.top(10)))
// slides
export const n300 = await counts.slice("21:00", "21:05").count()
n300.last.toFixed()
const historicCounts = s.textFile("/x").map(l => [l, 1]).reduceByKey(sum)
export const j = counts.join(historicCounts).map(([url, [live, old]]) => [url, live / old])
// design 1
const historic = s.readHistory("/logs/2026-11-1*.gz", "1m", { format: "combined", timestamp: v => v.time })
  .slice("2026-11-14", "2026-11-21").map(v => [v.ip, v.bytes]).groupByKey().mapValues(bs => ({ mean: bs.reduce((a, b) => a + b) / bs.length }))
export const big = await views.map(v => [v.ip, v]).join(historic).filter(([ip, [v, h]]) => v.bytes > 2 * h.mean).take(10)
// SRE
export const t1 = await views.slice("21:00", "21:05").map(v => [v.url, 1]).reduceByKey(sum).top(10)
export const t2 = await counts.changes("21:00", "21:05").top(10, c => c.delta)
const now = views.slice("21:00", "21:05").map(v => [v.url, 1]).reduceByKey(sum)
const then = views.slice("-7d 21:00", "-7d 21:05").map(v => [v.url, 1]).reduceByKey(sum)
export const t3 = await now.leftOuterJoin(then).map(([url, [n, t]]) => ({ url, n, t: t ?? 0, x: n / (t ?? 1) })).top(10, r => r.x)
export const hot = views.filter(v => v.url === "/search").map(v => [v.ip, 1]).reduceByWindow("1m", sum)
export const h1 = await counts.get("/search"); export const h2 = await counts.history("/search", "20:55")
h2.plot()
export const d1 = await diff(then, now).top(10, c => c.delta)
export const p = await views.last("5m").map(v => v.bytes).stats(); p.p99
const c: StateDStream<string, number> = counts
export const k = c.filter(([url, n]) => n > 5).mapValues(n => ({ n })).get("/x")
export const pr = await views.last("5m").partial({ within: "200ms" }).count(); pr.missing
const keyed = views.map(v => [[v.url, v.status], 1]).runningReduce(sum)
export const kk = await keyed.get(["/search", 500])
export const w1 = s.watch(counts.top(10), { name: 'hot' })
export const w2 = views.map(v => [v.ip, 1]).reduceByKey(sum).top(5)
export const w3 = s.watch(() => counts.latest().top(10), { until: r => r[0]![1] > 5000 })
// sessions
const { readStream, readHistory, watch, state, drained } = s
export const A1 = await counts.changes("20:59", "21:04").top(5, c => c.delta)
export const A2 = views.last("5m").filter(v => v.url.startsWith("/search")).map(v => [v.ip, 1]).reduceByKey(sum)
export const A3 = await A2.top(3)
const now2  = views.slice("20:59", "21:04").map(v => [v.url.split("?")[0]!, 1]).reduceByKey(sum)
const week = views.slice("-7d 20:59", "-7d 21:04").map(v => [v.url.split("?")[0]!, 1]).reduceByKey(sum)
export const A4 = await now2.leftOuterJoin(week).map(([url, [n, w]]) => ({ url, now: n, week: w ?? 0, times: n / (w ?? 1) })).top(3, r => r.times)
export const A5 = readHistory("/logs/2026-11-14T2*.gz", "1s", { format: "combined", timestamp: v => v.time }).slice("2026-11-14 21:00").map(v => v.bytes)
const hot2 = views.filter(v => v.url.startsWith("/search")).map(v => [v.ip, 1]).reduceByWindow("1m", sum)
export const A6 = watch(hot2.top(3), { name: "search-abuse" })
const views5 = readStream("file:fixtures/spike.log", "1s", { format: "combined", timestamp: v => v.time })
const counts5 = views5.map(v => [v.url, 1]).runningReduce(sum)
await drained()
export const A7 = await counts5.at("2015-05-17 10:05:30").top(2)
export const A8 = (await counts5.get("/search")) === 412
export const A9 = await diff(state<string, number>("nov/counts").at("2026-11-20"), state<string, number>("nov2/counts").at("2026-11-20")).top(3, c => -c.delta)
interface View { cookie?: string; url: string; referrer: string | null }
const jsonViews = readStream<View>("views2", "1s", { format: "json" })
export const ev = jsonViews.filter(v => v.cookie !== undefined).map(v => [v.cookie!.split("=")[1]!, v])
export const mine = readStream("x", "1s", { format: l => ({ n: l.length }), timestamp: v => v.n }).map(v => v.n)
export const seeded = ones.runningReduce(sum, { initial: now2 })
export const cnt = views.count(), vt = counts.slice("-20s").count()
export const fm = jsonViews.flatMap(v => v.cookie ? [[v.cookie.split('=')[1], v]] : []).groupByKey()
export const fm2 = jsonViews.flatMap(v => v.cookie ? [[v.cookie.split('=')[1], v]] : []).track((id, v) => ({ n: 1 }), (id, st, v) => ({ n: st.n + 1 }), '30s')
const events2 = jsonViews.map(v => [v.url, v])
export const plan = await events2.replace(jsonViews.flatMap(v => v.cookie ? [[v.cookie.split("=")[1], v]] : []), { from: "failed", dryRun: true })
await sessions.resume({ skip: "record" })
await counts.replace(ones.runningReduce(sum), { state: (old: number) => old })
export const asides = await views.aside.filter(a => a.reason === "late").take(3)
// must not compile
// @ts-expect-error not a pair
views.reduceByKey(sum)
// @ts-expect-error no such field
views.map(v => v.utl)
// @ts-expect-error window text
views.window("5 min")
// @ts-expect-error top needs an order
views.last("5m").top(10)
// @ts-expect-error no actions on an unbounded stream
views.collect()
