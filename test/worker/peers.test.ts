/** Which peer gets a replica: loads as the master last told them, to all at once → how the replicas of all workers are spread. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Peer } from "../../cluster/protocol.js"
import type { Outbox } from "../../cluster/worker/outbox.js"
import { Peers } from "../../cluster/worker/peers.js"

const test = suite("peers")

const mb = 1024 * 1024
/** Connections are nobody's matter here. */
const outbox: Pick<Outbox, "push"> = { push() {} }
const peer = (n: number, more: Partial<Peer> = {}): Peer => ({
  ...{ node: `w${n}#1`, name: `w${n}`, address: `sim://w${n}`, host: `h${n}`, load: 0.5, freeBytes: 100 * mb },
  ...more,
})

/** Each of the workers sends so many replicas of 1 MB, one after the other, and hears nothing new of loads. Gives how many each peer got, by name. */
function spread(workers: readonly Peer[], each: number): Map<string, number> {
  const got = new Map(workers.map(({ node }) => [node, 0]))
  for (const { node, host } of workers) {
    const peers = new Peers(node, host, outbox)
    peers.update(workers, 1, 2)
    for (let i = 0; i < each; i++) {
      const chosen = peers.choose(mb, new Set(), 0)!
      assert.is.not(chosen, node)
      peers.underway(chosen, mb)
      peers.underway(chosen, -mb)
      got.set(chosen, got.get(chosen)! + 1)
    }
  }
  return new Map([...got].map(([node, count]) => [node.replace("#1", ""), count]))
}

test("a hundred workers that hear the same loads do not all send to the least of them", () => {
  const workers = Array.from({ length: 100 }, (_, n) => peer(n, { load: n === 40 ? 0 : 0.9 + (n % 7) / 1_000 }))
  const got = spread(workers, 20)
  assert.ok(Math.max(...got.values()) <= 3 * 20, JSON.stringify([...got]))
  assert.ok(got.get("w40")! > 20)
})

test("the one with less to do; on another host where there is one; none that has no room or is drained", () => {
  const firstOf = (...more: readonly Partial<Peer>[]) => {
    const peers = new Peers("w1#1", "h1", outbox)
    peers.update([peer(1), ...more.map((one, i) => peer(i + 2, one))], 1, 2)
    return peers.choose(mb, new Set(), 0)
  }
  const worse: readonly Partial<Peer>[] = [{ load: 0.9 }, { host: "h1", load: 0 }, { freeBytes: 10 }, { draining: true }]
  for (const busy of worse) {
    assert.is(firstOf(busy, {}), "w3#1")
    assert.is(firstOf({}, busy), "w2#1")
  }
  assert.is(firstOf({ freeBytes: 10 }), null)
})

test.run()
