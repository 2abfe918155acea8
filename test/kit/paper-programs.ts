/** The programs of the paper (§3, §3.2, §6.3), as users write them. */

import { sum } from "../../engine/builtins.js"
import type { DStream, RDD, SnapshotDStream, StateDStream } from "../../engine/fluent/types.js"

// ── §3: page views ──

export function pageViews(views: DStream<{ url: string }>): { counts: StateDStream<string, number> } {
  const ones = views.map(v => [v.url, 1])
  return { counts: ones.runningReduce((a, b) => a + b) }
}

// ── §3.2: words in a sliding window ──

export function slidingWords(sentences: DStream<string>): { words: StateDStream<string, number> } {
  const pairs = sentences.flatMap(s => s.split(" ")).map(w => [w, 1])
  return {
    words: pairs.reduceByWindow(
      "5s",
      (a, b) => a + b,
      (a, b) => a - b,
    ),
  }
}

// ── §3.2: active sessions ──

export interface ClientEvent {
  client: string
  kind: "join" | "exit"
  bitrate?: number
}

export function activeSessions(events: DStream<ClientEvent>): { active: SnapshotDStream<number>; fast: SnapshotDStream<number> } {
  const sessions = events
    .map(e => [e.client, e])
    .track(
      (_, e) => e.bitrate ?? 0,
      (_, bitrate, e) => (e.kind === "exit" ? null : (e.bitrate ?? bitrate)),
      "30s",
    )
  return { active: sessions.count(), fast: sessions.filter(([, bitrate]) => bitrate > 1000).count() }
}

// ── §6.3.1: video distribution ──

export interface PlayerEvent {
  client: string
  customer: string
  region: string
  cdn: string
  device: string
  isp: string
  kind: "start" | "play" | "buffer" | "fail" | "end"
  ms: number
}

export interface PlayerSession extends Omit<PlayerEvent, "client" | "kind" | "ms"> {
  events: number
  playMs: number
  bufferMs: number
  failures: number
  longestMs: number
}

export function newSession(e: PlayerEvent): PlayerSession {
  const { customer, region, cdn, device, isp } = e
  return addEvent({ customer, region, cdn, device, isp, events: 0, playMs: 0, bufferMs: 0, failures: 0, longestMs: 0 }, e)
}

export function addEvent(s: PlayerSession, e: PlayerEvent): PlayerSession {
  return {
    ...s,
    events: s.events + 1,
    playMs: s.playMs + (e.kind === "play" ? e.ms : 0),
    bufferMs: s.bufferMs + (e.kind === "buffer" ? e.ms : 0),
    failures: s.failures + (e.kind === "fail" ? 1 : 0),
    longestMs: Math.max(s.longestMs, e.ms),
  }
}

/** Five groupings of ten metrics: fifty aggregations. */
export const groupings = ["customer", "region", "cdn", "device", "isp"] as const

const measures: readonly ((s: PlayerSession) => number)[] = [
  () => 1,
  s => s.events,
  s => s.playMs,
  s => s.bufferMs,
  s => s.failures,
  s => (s.failures > 0 ? 1 : 0),
  s => (s.playMs > 0 ? 1 : 0),
  s => (s.bufferMs > s.playMs / 10 ? 1 : 0),
  s => s.bufferMs * s.bufferMs,
  s => s.longestMs,
]

export const metricsOf = (s: PlayerSession): number[] => measures.map(measure => measure(s))
/** Sums, but for the last, which is the greatest. */
export const mergeMetrics = (a: number[], b: number[]): number[] => a.map((n, i) => (i === a.length - 1 ? Math.max(n, b[i]!) : n + b[i]!))

export function videoMetrics(events: DStream<PlayerEvent>): {
  sessions: StateDStream<string, PlayerSession>
  metrics: StateDStream<[string, string], number[]>
  sliding: StateDStream<[string, string], number>
} {
  const keyed = events.map(e => [e.client, e])
  const sessions = keyed.track(
    (_, e) => newSession(e),
    (_, s, e) => (e.kind === "end" ? null : addEvent(s, e)),
    "5s",
  )
  // One scan of the sessions gives each to all of its groups.
  const metrics = sessions
    .flatMap(([, s]) => groupings.map(by => [[by, s[by]], metricsOf(s)] as [[string, string], number[]]))
    .reduceByKey(mergeMetrics)
  const sliding = events
    .filter(e => e.kind === "buffer")
    .flatMap(e => groupings.map(by => [[by, e[by]], e.ms] as [[string, string], number]))
    .reduceByWindow("3s", sum, (a, b) => a - b)
  return { sessions, metrics, sliding }
}

// ── §6.3.2: traffic from GPS points ──

/** A car's way over some links of the road network, and how long it took. */
export interface Trip {
  region: string
  links: number[]
  seconds: number
}

export interface Travel {
  /** Mean seconds a link, by link. */
  mean: Record<number, number>
  /** How much each mean rests on. */
  weight: Record<number, number>
}

/**
 * Online expectation maximisation: a trip says only the sum of its links' times. Expectation: samples of how the sum may be divided,
 * weighted by how well they fit the present means. Maximisation: means of what links were given, faded with what was known before.
 */
export function estimate(trips: readonly Trip[], before: Travel, samples = 60, rounds = 4, fading = 0.8): Travel {
  let mean = before.mean
  let weight = before.weight
  for (let round = 0; round < rounds; round++) {
    const given: Record<number, number> = {}
    const times: Record<number, number> = {}
    for (const { links, seconds } of trips) {
      let total = 0
      const share = links.map(() => 0)
      for (let i = 0; i < samples; i++) {
        const drawn = links.map(link => (mean[link] ?? 10) * (0.5 + Math.random()))
        const scale = seconds / drawn.reduce((a, b) => a + b, 0)
        const misfit = links.reduce((sum, link, j) => sum + (Math.log((drawn[j]! * scale) / (mean[link] ?? 10)) ** 2 || 0), 0)
        const fit = Math.exp(-2 * misfit)
        total += fit
        for (const [j, n] of drawn.entries()) share[j]! += fit * n * scale
      }
      links.forEach((link, j) => {
        given[link] = (given[link] ?? 0) + share[j]! / total
        times[link] = (times[link] ?? 0) + 1
      })
    }
    mean = { ...before.mean }
    weight = { ...before.weight }
    for (const link of Object.keys(times).map(Number)) {
      const known = (before.weight[link] ?? 0) * fading
      mean[link] = ((before.mean[link] ?? 0) * known + given[link]!) / (known + times[link]!)
      weight[link] = known + times[link]!
    }
  }
  return { mean, weight }
}

/** `historic`: what the same time of the past days says, for links of which five seconds say nothing. */
export function traffic(trips: DStream<Trip>, historic: RDD<[string, Travel]>): { travel: StateDStream<string, Travel> } {
  return {
    travel: trips
      .map(trip => [trip.region, trip])
      .updateStateByKey(
        (values, state: Travel | undefined) => (values.length === 0 ? state : estimate(values, state ?? { mean: {}, weight: {} })),
        { initial: historic },
      ),
  }
}
