import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { TaskDone } from "../../cluster/protocol.js"
import type { InputNode } from "../../engine/definition.js"
import { counts, definition, fileInput, Harness, type Launched } from "./harness.js"

const test = suite("file sources")

/** Splits of 10 bytes; each read gives rows in the intervals named for it: `[interval in s, rows]`. */
function reading(splits: [number, number][][], { timed = true, untilRead = false, config = {} } = {}): Harness {
  const h = new Harness({ splitBytes: 10, ...config })
  let blocks = 0
  const usual = h.answer
  h.answer = (one: Launched): TaskDone | null => {
    const { write } = one.stage
    if (write.kind !== "read") return usual(one)
    const rows = splits[(write.split?.from ?? 0) / 10] ?? []
    const newest = Math.max(...rows.map(([s]) => s * 1000 + 999))
    return {
      task: one.task.task,
      ms: 1,
      outputs: rows.map(([s, n]) => ({ block: `r${++blocks}`, bytes: n, rows: n, ...(timed && { interval: s * 1000, newest }) })),
      aside: 0,
      rowsIn: 0,
    }
  }
  h.join(1)
  h.join(2)
  const kept = untilRead ? { untilRead: true as const } : {}
  h.define(definition("log", fileInput(timed), kept), definition("counts", counts("log"), kept))
  h.advance(100)
  const [listing] = h.messages("listFiles")
  assert.equal(listing?.message.paths, ["log"])
  h.from("w1#1", {
    kind: "filesListed",
    request: listing?.message.request ?? "",
    files: [{ path: "/log", sizeBytes: splits.length * 10, modifiedMs: 1 }],
  })
  return h
}

const sealed = (h: Harness) =>
  h
    .records("seal")
    .filter(({ groups }) => groups.length > 0)
    .map(({ from, groups }) => `${from / 1000}: ${groups.flat().reduce((n, { rows }) => n + rows, 0)}`)

test("in batch mode less than half of what a task takes is not worth a map task of its own", () => {
  for (const [untilRead, batchBytes, groups] of [
    [false, 60, [10, 10, 10, 10]],
    [true, 60, [30, 10]],
    [true, 20, [10, 10, 10, 10]],
    [true, 80, [40]],
  ] as const) {
    // One worker reads one split, the other the next.
    const h = reading([[[5, 10]], [[5, 10]], [[5, 10]], [[5, 10]]], { untilRead, config: { leastGroupBytes: 1, batchBytes } })
    h.advance(1000)
    const seal = h.records("seal").find(one => one.groups.length > 0)
    const sizes = seal?.groups.map(group => group.reduce((sum, { bytes }) => sum + bytes, 0))
    assert.equal(sizes, groups, `${untilRead} ${batchBytes}`)
  }
})

test("records enter the interval of their time stamp, in order of splits, and the end is said", () => {
  const h = reading([
    [
      [5, 2],
      [6, 1],
    ],
    [[6, 3]],
    [[9, 1]],
  ])
  h.ask({ kind: "drained", streams: [] })
  assert.is(h.response(), null)
  h.advance(1000)
  assert.equal(sealed(h), ["5: 2", "6: 4", "9: 1"])
  const seals = h.records("seal")
  assert.is(seals[0]?.from, 0)
  for (const [i, seal] of seals.entries()) if (i > 0) assert.is(seal.from, seals[i - 1]?.to)
  assert.is(seals.at(-1)?.read?.ended, true)
  assert.equal(h.response(), { ok: true, value: null })
  assert.is(
    h
      .records("progress")
      .at(-1)
      ?.through.find(({ stream }) => stream === "counts")?.through,
    10_000,
  )
})

test("who waits for the end of a file with a clock of its own gets the end of the longest step that is made of it", () => {
  const h = reading([[[5, 2]], [[9, 1]]])
  const ends = () => h.records("seal").at(-1)!.to
  const define = (steps: number) => {
    const ms = steps * 1000
    return h.define(definition(`every ${steps} s`, { kind: "window", parent: "log", lengthMs: ms, slideMs: ms }, { intervalMs: ms }))
  }
  const drain = (ms: number) => {
    h.ask({ kind: "drained", streams: [] })
    h.advance(ms)
    assert.equal(h.response(), { ok: true, value: null })
  }
  define(4)
  h.advance(1000)
  assert.equal(sealed(h), ["5: 2", "9: 1"])
  assert.is(ends(), 10_000)
  drain(1000)
  assert.is(ends(), 12_000)
  define(3)
  drain(1000)
  assert.is(ends(), 12_000)
  h.restart()
  h.join(1)
  h.join(2)
  define(7)
  drain(4000)
  assert.is(ends(), 14_000)
  assert.is(h.records("seal").at(-1)?.read?.ended, true)
})

test("in batch mode intervals gather while a job is under way, and go together", () => {
  const seconds = 6
  for (const untilRead of [false, true]) {
    const h = reading(
      Array.from({ length: seconds }, (_, s): [number, number][] => [[s, 1]]),
      { untilRead },
    )
    const usual = h.answer
    const reads = new Map<number, Launched>()
    const others: Launched[] = []
    /** Of each map task how many intervals it takes. */
    const taken: number[] = []
    h.answer = one => {
      const { root, write } = one.stage
      if (write.kind === "read") reads.set((write.split?.from ?? 0) / 10, one)
      else {
        others.push(one)
        if (write.kind === "shuffle") taken.push(root.kind === "stretchInput" ? root.parents.length : 1)
      }
      return null
    }
    const tell = (one: Launched) => h.from(one.worker, { kind: "tasksDone", done: [usual(one)!] })
    h.advance(100)
    // One split after the other: what has passed is sealed by the next one, while the first interval's job is not done.
    for (let split = 0; split < seconds; split++) {
      tell(reads.get(split)!)
      h.advance(100)
    }
    assert.equal(sealed(h).length, seconds)
    assert.equal(taken, untilRead ? [1] : [1, 1, 1, 1, 1, 1])
    for (const one of others.splice(0)) tell(one)
    h.advance(100)
    for (const one of others.splice(0)) tell(one)
    h.advance(100)
    assert.equal(taken, untilRead ? [1, 5] : [1, 1, 1, 1, 1, 1])
  }
})

test("in batch mode files without time stamps end when they have been read, and so does the longest step that is made of them", () => {
  for (const untilRead of [false, true]) {
    const h = reading([[[0, 2]], [[0, 1]]], { timed: false, untilRead })
    const kept = untilRead ? { untilRead: true as const } : {}
    h.define(definition("far", { kind: "window", parent: "log", lengthMs: 60_000, slideMs: 60_000 }, { intervalMs: 60_000, ...kept }))
    h.ask({ kind: "drained", streams: [] })
    // Less than an interval of the input.
    h.advance(300)
    assert.equal(h.response(), untilRead ? { ok: true, value: null } : null)
    assert.equal(
      sealed(h).map(text => text.split(": ")[1]),
      untilRead ? ["3"] : [],
    )
    if (untilRead) assert.is(h.records("seal").at(-1)!.to % 60_000, 0)
  }
})

test("late records are counted, and set aside in the interval that was open", () => {
  // The disorder allowed is 1 s: 20.999 s seals all before 19 s.
  const h = reading([
    [[20, 1]],
    [
      [18, 7],
      [19, 2],
    ],
    [[30, 1]],
  ])
  h.advance(1000)
  assert.equal(sealed(h), ["19: 2", "20: 1", "30: 1"])
  assert.is(h.records("seal").at(-1)?.read?.late, 7)
  const aside = h
    .records("seal")
    .flatMap(seal => (seal.aside ?? []).map(({ rows, reason, replay }) => [seal.from, rows, reason, replay?.interval]))
  assert.equal(aside, [[19_000, 7, "late", 18_000]])
})

test("a restarted master reads on from what is in no seal, and counts nothing twice", () => {
  const splits: [number, number][][] = [
    [
      [5, 2],
      [6, 1],
    ],
    [
      [6, 3],
      [8, 1],
    ],
    [[9, 5]],
  ]
  const h = reading(splits)
  const usual = h.answer
  // The third split is slow: 5 is sealed (8.999 - 1 s), 6 too, 8 is not.
  h.answer = one => (one.stage.write.kind === "read" && one.stage.write.split?.from === 20 ? null : usual(one))
  h.advance(1000)
  assert.equal(sealed(h), ["5: 2", "6: 4"])
  h.answer = usual
  h.restart()
  h.join(1)
  h.join(2)
  h.advance(4000)
  assert.equal(sealed(h), ["5: 2", "6: 4", "8: 1", "9: 5"])
  assert.is(h.records("seal").at(-1)?.read?.late, 0)
})

test("what has been read before its turn is known: its worker may register again, or be lost", () => {
  const splits: [number, number][][] = [[[5, 2]], [[6, 3]]]
  for (const back of [true, false]) {
    const h = reading([])
    const first: Launched[] = []
    const usual = h.answer
    h.answer = one => {
      const { write } = one.stage
      if (write.kind !== "read") return usual(one)
      const n = (write.split?.from ?? 0) / 10
      if (n === 0 && first.push(one) === 1) return null
      const outputs = splits[n]!.map(([s, rows]) => ({
        block: `${one.worker}.${n}`,
        bytes: rows,
        rows,
        interval: s * 1000,
        newest: s * 1000 + 999,
      }))
      return { task: one.task.task, ms: 1, outputs, aside: 0, rowsIn: 0 }
    }
    h.define(definition("late", { ...(fileInput(true) as InputNode), source: { kind: "file", paths: ["late"] } }))
    h.advance(100)
    const { message } = h.messages("listFiles").find(({ message: { paths } }) => paths[0] === "late")!
    h.from("w1#1", { kind: "filesListed", request: message.request, files: [{ path: "/late", sizeBytes: 20, modifiedMs: 1 }] })
    h.advance(200)
    assert.is(first.length, 1, "the second split is read, the first is not")
    const reader = [...h.workers].find(node => node !== first[0]!.worker) ?? first[0]!.worker
    const output = `late~1/read//late/0.1`
    const owner = { output, partition: 0, stream: "late", interval: 6000 }
    if (back) {
      for (const node of h.workers)
        h.join(Number(node[1]), node === reader ? [{ block: `${node}.1`, rows: 3, bytes: 3, owner, batch: null, arrivedMs: 0 }] : [])
      h.settle()
      assert.equal(
        h.messages("forget").flatMap(({ message: { blocks } }) => blocks),
        [],
      )
    } else {
      h.workers.delete(reader)
      h.step({ kind: "gone", peer: reader })
    }
    h.advance(2000)
    const seals = h.records("seal").filter(({ stream, groups }) => stream === "late" && groups.length > 0)
    assert.equal(
      seals.map(({ from, groups }) => [from, groups.flat().reduce((n, { rows }) => n + rows, 0)]),
      [
        [5000, 2],
        [6000, 3],
      ],
    )
    const lives = seals.flatMap(({ groups }) => groups.flat()).every(({ block }) => back || !block.startsWith(`${reader}.`))
    assert.ok(lives, "what was lost before its turn was read again")
  }
})

test("no such file: the input is held, with the path", () => {
  const h = new Harness()
  h.join(1)
  h.define(definition("log", fileInput(true)))
  h.advance(100)
  const [listing] = h.messages("listFiles")
  h.from("w1#1", { kind: "filesListed", request: listing?.message.request ?? "", files: [] })
  assert.match(String((h.records("held")[0]!.failure as { message: string }).message), /no file matches log/)
})

test.run()
