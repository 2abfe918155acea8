/** Who stands by, as the leading master tells it: what the store has at each look → who is there, who is gone, and what is news. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Masters } from "../../cluster/master/masters.js"
import { type SeenStandby, type Standby, Standbys } from "../../cluster/master/standbys.js"
import { masterLines, takenOverLine } from "../../shell/host/master-lines.js"

const test = suite("masters that stand by")

const standby = (host: string, address = "tcp://0.0.0.0:7077"): Standby => ({ host, address, sinceMs: 60_000, leaseMs: 3_000 })

/** `b3 c1`: what the hosts b and c have said, by revision. */
const seen = (text: string): SeenStandby[] =>
  text.split(" ").flatMap(word => (word === "" ? [] : [{ standby: standby(word[0]!), revision: Number(word.slice(1)) }]))

const looks: readonly [atMs: number, store: string, there: string, gone: string][] = [
  [0, "", "", ""],
  [1_000, "c1 b2", "b c", ""],
  [2_000, "c3 b2", "b c", ""],
  [3_900, "c4 b2", "b c", ""],
  [4_000, "c5 b2", "c", "b"],
  [4_100, "c5", "c", ""],
  [5_000, "c6 b7", "b c", ""],
  // The store was away: each has its time anew.
  [9_000, "c6 b7", "b c", ""],
  [11_900, "c6 b8", "b c", ""],
  [12_000, "c6 b8", "b", "c"],
]

test("who has said nothing for the length of its lease is gone, but while nobody could look", () => {
  const standbys = new Standbys()
  const names = (some: readonly Standby[]) => some.map(({ host }) => host).join(" ")
  for (const [atMs, store, there, gone] of looks) {
    const found = standbys.look(seen(store), atMs)
    assert.equal([atMs, names(found.there), names(found.gone)], [atMs, there, gone])
  }
})

test("two hosts' masters on all addresses of theirs are two; one that began anew is one", () => {
  const standbys = new Standbys()
  const one = { standby: standby("b"), revision: 1 }
  const anew = { standby: { ...standby("b"), sinceMs: 90_000 }, revision: 2 }
  standbys.look([one], 0)
  assert.equal(standbys.look([anew, { standby: standby("c"), revision: 3 }], 1_000).there, [anew.standby, standby("c")])
})

test("news is what changes, not whom a master finds; nothing is said where there is one master alone", () => {
  const masters = new Masters({ address: "tcp://a:7077", sinceMs: 120_000 })
  assert.is(masters.status(2), null)
  const [b, c] = [standby("b"), standby("c")]
  const kinds = (standbys: readonly Standby[]) => masters.told("a", standbys).map(event => ({ ...event, address: "" }))
  assert.equal(kinds([b]), [])
  assert.equal(kinds([b, c]), [{ kind: "standsBy", host: "c", address: "" }])
  assert.equal(kinds([b, c]), [])
  assert.equal(kinds([c]), [{ kind: "standbyLost", host: "b", address: "", left: 1 }])
  const status = { masters: masters.status(2)!, wallMs: 180_000 }
  assert.equal(masterLines(status, "UTC"), [
    "  leads   tcp://a:7077 (a)   since 00:02:00, epoch 2",
    "  standby tcp://0.0.0.0:7077 (c)   since 00:01:00",
  ])
  assert.equal(kinds([]), [{ kind: "standbyLost", host: "c", address: "", left: 0 }])
  assert.is(masterLines({ ...status, masters: masters.status(2)! }, "UTC")[1], "  standby none: nobody takes over if this master ends")
  assert.equal(masterLines({ wallMs: 0 }, "UTC"), [])
})

test("a shell says once that another master leads", () => {
  const status = (epoch: number) =>
    ({ masters: { epoch, host: "b", address: "tcp://b:7077", sinceMs: 0, standbys: [] } }) as unknown as Parameters<typeof takenOverLine>[1]
  assert.is(takenOverLine(null, status(2)), null)
  assert.is(takenOverLine(status(2), status(2)), null)
  assert.is(takenOverLine(status(2), status(3)), "● the master tcp://b:7077 (b) took over (epoch 3)")
})

test.run()
