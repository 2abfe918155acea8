/** What Tab offers behind a dot-command. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { type CommandNames, commandWordsAt } from "../../shell/host/command-words.js"

const names: CommandNames = {
  streams: async () => [
    { name: "views", program: "demo", kind: "input", state: "running" },
    { name: "counts", program: "ann", kind: "state", state: "running" },
    { name: "counts", program: "bob", kind: "state", state: "held" },
    { name: "map@a.ts:4", program: "bob", kind: "records", state: "on demand" },
    { name: "foreachRDD@cell:3:1", program: "ann", kind: "output", state: "running" },
  ],
  workers: async () => [
    { name: "w1", state: "up" },
    { name: "w2", state: "up" },
  ],
}

const cases: readonly [typed: string, offered: string[] | null][] = [
  [".why ", ["views", "ann/counts", "bob/counts", "foreachRDD@cell:3:1"]],
  [".stop for", ["foreachRDD@cell:3:1"]],
  [".why vi", ["views"]],
  [".why views ", null],
  [".recompute bob/", ["bob/counts"]],
  [".resume counts ", ["record", "interval"]],
  [".rename counts ", null],
  [".drain w", ["w1", "w2"]],
  [".chaos ", ["kill", "slow"]],
  [".chaos kill w1", ["w1"]],
  [".streams b", ["bob"]],
  [".events hel", ["held"]],
  [".events views held res", ["resumed"]],
  [".mode l", ["line"]],
  [".jobs views n", ["now"]],
  [".lineage v", ["views"]],
  [".lineage views p", ["partition"]],
  [".lineage views 21:05 p", ["partition"]],
  [".edit v", ["views"]],
  [".edit views v", null],
  [".watch v", null],
  [".nothing v", null],
  ["views.ma", null],
  ["const x = 1\n.why ", null],
]
for (const [typed, offered] of cases)
  test(`${JSON.stringify(typed)}: ${offered === null ? "nothing of its own" : offered.join(" ")}`, async () => {
    const list = await commandWordsAt(typed, typed.length, names)
    assert.equal(list?.items.map(({ text }) => text) ?? null, offered)
    if (list) assert.equal(typed.slice(list.from), /\S*$/.exec(typed)![0])
  })

test.run()
