/** A stream that still grows, followed by a session whose master is played: what it is asked for. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClientSession } from "../../cluster/client/client-session.js"
import { followIntervals } from "../../cluster/client/intervals.js"
import { FakeHost } from "./fake-host.js"

const test = suite("client: intervals")
const seconds = (n: number) => 1_700_000_000_000 + n * 1000

/** Plays a master that has these intervals; `after` of each question is noted. */
class Played extends FakeHost {
  readonly afters: (number | null)[] = []
  starts: number[] = []

  async request({ after }: { readonly after: number | null }): Promise<number[]> {
    this.afters.push(after)
    return this.starts.filter(start => after === null || start > after)
  }
}

async function follow(host: Played, through: readonly number[], onMore: (turn: number) => void, after: number | null) {
  Object.assign(host.definitions, { idOf: (id: string) => id })
  // Each interval's one row.
  Object.assign(host, { query: async (_: unknown, rowsOf: (answer: object) => unknown) => rowsOf({ rows: () => [[0, "row"]] }) })
  let turn = 0
  const following = {
    through: () => through[turn] as number,
    ended: () => turn === through.length - 1,
    more: async () => onMore(++turn),
    read: () => {},
  }
  const given: number[] = []
  for await (const one of followIntervals({ host } as unknown as ClientSession, host.input("lines"), String, following, after))
    if ("parts" in one) given.push(one.interval.from)
  return given
}

test("before its first interval a stream is asked for by its beginning, however far the clock has come: the master knows where old records begin", async () => {
  const host = new Played()
  // What has been read of the files so far is older than what is known to be finished.
  const onMore = (turn: number) => {
    if (turn === 1) host.starts = [seconds(1)]
    if (turn === 2) host.starts = [seconds(1), seconds(7)]
  }
  const given = await follow(host, [seconds(1), seconds(6), seconds(8)], onMore, null)
  assert.equal(given, [seconds(1), seconds(7)])
  assert.equal(host.afters.slice(0, 2), [null, null])
})

test("after its first interval it is asked for by what is known to have none", async () => {
  const host = new Played()
  const onMore = (turn: number) => {
    if (turn === 2) host.starts = [seconds(9)]
  }
  const given = await follow(host, [seconds(2), seconds(6), seconds(10), seconds(10)], onMore, seconds(0))
  assert.equal(given, [seconds(9)])
  assert.equal(host.afters.slice(0, 3), [seconds(0), seconds(1), seconds(5)])
})

test.run()
