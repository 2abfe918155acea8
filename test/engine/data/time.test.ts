/** Times as text: every form, in zones with and without daylight saving, at the edges where clocks change. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../../engine/errors.js"
import { formatDuration, formatTime, gcd, intervalStart, parseDuration, parseTime, type TimeLike } from "../../../engine/time.js"

const at = (iso: string) => Date.parse(iso)

const rows: readonly [time: TimeLike, tz: string, now: string, expected: string][] = [
  ["21:05", "UTC", "2026-11-21T21:06:00Z", "2026-11-21T21:05:00Z"],
  ["21:05", "UTC", "2026-11-21T21:05:00Z", "2026-11-21T21:05:00Z"],
  ["21:05", "UTC", "2026-11-21T21:04:59.999Z", "2026-11-20T21:05:00Z"],
  ["21:00", "UTC", "2026-11-21T00:05:00Z", "2026-11-20T21:00:00Z"],
  ["21:05:30.250", "UTC", "2026-11-21T22:00:00Z", "2026-11-21T21:05:30.250Z"],
  ["9:05", "UTC", "2026-11-21T22:00:00Z", "2026-11-21T09:05:00Z"],
  ["21:05", "Europe/Berlin", "2026-11-21T20:06:00Z", "2026-11-21T20:05:00Z"],
  ["21:05", "+05:30", "2026-11-21T16:00:00Z", "2026-11-21T15:35:00Z"],
  // Clocks put back in Berlin on 2026-10-25 at 03:00: 02:30 is there twice.
  ["02:30", "Europe/Berlin", "2026-10-25T00:45:00Z", "2026-10-25T00:30:00Z"],
  ["02:30", "Europe/Berlin", "2026-10-25T01:15:00Z", "2026-10-25T00:30:00Z"],
  ["02:30", "Europe/Berlin", "2026-10-25T01:45:00Z", "2026-10-25T01:30:00Z"],
  ["2026-10-25 02:30", "Europe/Berlin", "2026-11-21T00:00:00Z", "2026-10-25T00:30:00Z"],
  // Put forward on 2026-03-29 at 02:00: 02:30 is not there.
  ["02:30", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T01:30:00Z"],
  ["2026-03-29 02:30", "Europe/Berlin", "2026-11-21T00:00:00Z", "2026-03-29T01:30:00Z"],
  ["2026-11-14", "UTC", "2026-11-21T00:00:00Z", "2026-11-14T00:00:00Z"],
  ["2026-11-14", "America/New_York", "2026-11-21T00:00:00Z", "2026-11-14T05:00:00Z"],
  ["2026-11-14 21:00", "UTC", "2026-11-01T00:00:00Z", "2026-11-14T21:00:00Z"],
  ["2026-11-14Z", "Europe/Berlin", "2026-11-21T00:00:00Z", "2026-11-14T00:00:00Z"],
  ["2026-11-14+01:00", "UTC", "2026-11-21T00:00:00Z", "2026-11-13T23:00:00Z"],
  ["2026-11-14 21:00Z", "Europe/Berlin", "2026-11-21T00:00:00Z", "2026-11-14T21:00:00Z"],
  ["2026-11-14 21:00:30+01:00", "UTC", "2026-11-21T00:00:00Z", "2026-11-14T20:00:30Z"],
  ["2026-11-14T21:00:30.125Z", "Europe/Berlin", "2026-11-21T00:00:00Z", "2026-11-14T21:00:30.125Z"],
  ["2026-11-14 21:00-0330", "UTC", "2026-11-21T00:00:00Z", "2026-11-15T00:30:00Z"],
  ["-5m", "UTC", "2026-11-21T00:03:00Z", "2026-11-20T23:58:00Z"],
  ["-1.5h", "UTC", "2026-11-21T03:00:00Z", "2026-11-21T01:30:00Z"],
  ["-7d", "Europe/Berlin", "2026-10-28T12:00:00Z", "2026-10-21T12:00:00Z"],
  // Seven days back over a change of clocks: the same time of day, not 168 hours.
  ["-7d 21:00", "UTC", "2026-11-21T21:06:00Z", "2026-11-14T21:00:00Z"],
  ["-7d 21:00", "Europe/Berlin", "2026-10-28T21:00:00Z", "2026-10-21T19:00:00Z"],
  ["-7d 20:59:30", "Europe/Berlin", "2026-04-01T12:00:00Z", "2026-03-25T19:59:30Z"],
  ["-1d 02:30", "Europe/Berlin", "2026-03-30T12:00:00Z", "2026-03-29T01:30:00Z"],
  ["now", "UTC", "2026-11-21T00:03:00.001Z", "2026-11-21T00:03:00.001Z"],
  [new Date("2026-01-02T03:04:05.678Z"), "UTC", "2026-11-21T00:00:00Z", "2026-01-02T03:04:05.678Z"],
  [at("2026-01-02T03:04:05.678Z") + 0.75, "UTC", "2026-11-21T00:00:00Z", "2026-01-02T03:04:05.678Z"],
]

for (const [time, tz, now, expected] of rows)
  test(`${JSON.stringify(time)} in ${tz} at ${now}`, () => {
    assert.is(new Date(parseTime(time, { nowMs: at(now), tz })).toISOString(), new Date(expected).toISOString())
  })

const wrong: readonly unknown[] = [
  "", "24:00", "21:60", "21", "2026-02-30", "2026-13-01", "2026-11-14 25:00", "yesterday", "-5 m", "-5min", "+5m", "--5m", "-7d 25:00", "2026-11-14 21:00+25:00",
  "5m", Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN), null, undefined, {}, "2026-11-14 21:00 Berlin",
] // biome-ignore format: a table
for (const time of wrong)
  test(`refuses ${typeof time === "string" ? JSON.stringify(time) : String(time)}`, () => {
    try {
      parseTime(time as TimeLike, { nowMs: 0, tz: "UTC" })
    } catch (error) {
      assert.instance(error, RivuletError)
      assert.is((error as RivuletError).code, 2)
      assert.match((error as RivuletError).message, "is not a time")
      for (const form of ["21:05", "2026-11-14 21:00", "-5m", "-7d 21:00", "now"]) assert.match((error as RivuletError).try ?? "", form)
      return
    }
    assert.unreachable("accepted")
  })

test("an unknown zone is named", () => {
  assert.throws(() => parseTime("21:05", { nowMs: 0, tz: "Mars/Olympus" }), /Mars\/Olympus/)
})

test("durations", () => {
  const table: [string, number][] = [["250ms", 250], ["1s", 1000], ["1.5m", 90_000], ["2h", 7_200_000], ["7d", 604_800_000], ["0s", 0], ["0.5s", 500]] // biome-ignore format: a table
  for (const [text, ms] of table) assert.is(parseDuration(text), ms, text)
  for (const text of ["5 min", "5", "-5s", "s", "1.5ms", "1e3s", "5M", "", " 5s"])
    assert.throws(() => parseDuration(text), /is not a duration/, text)
  for (const ms of [0, 1, 999, 1000, 1500, 60_000, 90_000, 3_600_000, 86_400_000, 604_800_000])
    assert.is(parseDuration(formatDuration(ms)), ms)
  assert.is(formatDuration(300_000), "5m")
  assert.is(formatDuration(90_000), "90s")
})

test("intervals are aligned to the epoch, half-open, and never start at -0", () => {
  for (const [timeMs, start] of [
    [1999, 1000],
    [2000, 2000],
    [-1, -1000],
  ] as const)
    assert.is(intervalStart(timeMs, 1000), start)
  assert.ok(Object.is(intervalStart(-0, 1000), 0))
  assert.is(gcd(5000, 3000), 1000)
})

test("times for people: the date when it is not today's, in the zone; read back they are the same instant", () => {
  const nowMs = at("2026-11-21T21:06:00Z")
  assert.is(formatTime(at("2026-11-21T21:05:31Z"), "UTC", { nowMs }), "21:05:31")
  assert.is(formatTime(at("2026-11-21T21:05:31.250Z"), "UTC", { nowMs }), "21:05:31.250")
  assert.is(formatTime(at("2026-11-20T21:05:31Z"), "UTC", { nowMs }), "2026-11-20 21:05:31")
  assert.is(formatTime(at("2026-11-20T23:30:00Z"), "Europe/Berlin", { nowMs }), "00:30:00")
  assert.is(formatTime(at("2026-11-21T21:05:31Z"), "UTC", { nowMs, date: "always" }), "2026-11-21 21:05:31")
  assert.is(formatTime(Number.NaN, "UTC", { nowMs }), "–")
  // An hour that comes twice.
  assert.is(formatTime(at("2026-10-25T00:30:00Z"), "Europe/Berlin", { nowMs }), "2026-10-25 02:30:00")
  assert.is(formatTime(at("2026-10-25T01:30:00Z"), "Europe/Berlin", { nowMs }), "2026-10-25 02:30:00+01:00")
  for (const tz of ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "America/St_Johns"])
    for (let ms = nowMs - 40 * 86_400_000; ms < nowMs; ms += 7_777_777)
      for (const [date, at] of [
        ["always", nowMs],
        ["auto", ms + 1_000_000],
      ] as const)
        assert.is(parseTime(formatTime(ms, tz, { nowMs: at, date }), { nowMs: at, tz }), ms, `${tz} ${ms} ${date}`)
})

test.run()
