/** The journal that several masters append to: parts, lost answers, another writer; over a log in memory, and over NATS where it is installed. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type LogMessage, SharedJournal, type SharedLog } from "../../cluster/adapters/shared-journal.js"

const test = suite("shared journal")

/** A log in memory, which loses requests and answers when it is told to. */
class MemoryLog implements SharedLog {
  readonly messages: (LogMessage & { readonly position: number })[] = []
  end = 0
  /** What happens to the next appends, one each. */
  faults: ("lost" | "unheard" | "late")[] = []
  #late: (() => void)[] = []

  constructor(readonly maxBytes = 100) {}

  async append(message: LogMessage, end: number): Promise<number | "moved"> {
    const fault = this.faults.shift()
    if (fault === "lost") throw new Error("timeout")
    if (fault === "late") {
      this.#late.push(() => this.#put(message, end))
      throw new Error("timeout")
    }
    const done = this.#put(message, end)
    if (fault === "unheard") throw new Error("timeout")
    return done
  }

  /** What was on its way arrives. */
  arrive(): void {
    for (const put of this.#late.splice(0)) put()
  }

  #put(message: LogMessage, end: number): number | "moved" {
    if (this.end !== end) return "moved"
    this.messages.push({ ...message, payload: message.payload.slice(), position: ++this.end })
    return this.end
  }

  async *read(after: number): AsyncIterable<LogMessage & { readonly position: number }> {
    for (const message of this.messages.filter(({ position }) => position > after)) yield message
  }

  async trim(position: number): Promise<void> {
    this.messages.splice(
      0,
      this.messages.findIndex(message => message.position === position),
    )
  }
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

async function contents(log: SharedLog): Promise<[number, string][]> {
  const all: [number, string][] = []
  for await (const { sequence, record } of new SharedJournal(log, "reader").read()) all.push([sequence, Buffer.from(record).toString()])
  return all
}

async function opened(log: SharedLog, writer: string): Promise<SharedJournal> {
  const journal = new SharedJournal(log, writer)
  for await (const _ of journal.read()) {
    // Only to know where it ends.
  }
  return journal
}

const rejected = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: Error) => error.message,
  )

test("records that wait together go together; large ones in parts; read by another as they were", async () => {
  const log = new MemoryLog()
  const journal = await opened(log, "a")
  const large = "x".repeat(950)
  const outcomes = await Promise.all([1, 2, 3].map(n => journal.append(n, bytes(n === 2 ? large : `r${n}`))))
  assert.equal(outcomes, ["appended", "appended", "appended"])
  assert.is(log.messages.length, 10, "966 bytes, 100 in a message")
  assert.is(await journal.append(3, bytes("again")), "conflict")
  assert.match(await rejected(journal.append(5, bytes("gap"))), /missing/)
  assert.is(await journal.append(4, bytes("")), "appended")
  const all = [
    [1, "r1"],
    [2, large],
    [3, "r3"],
    [4, ""],
  ]
  assert.equal(await contents(log), all)
  const next = await opened(log, "b")
  assert.is(await next.append(4, bytes("r4")), "conflict")
  assert.is(await next.append(5, bytes("r5")), "appended")
  assert.equal(await contents(log), [...all, [5, "r5"]])
})

test("who was replaced cannot append any more, and nothing of what it tried is there", async () => {
  const log = new MemoryLog()
  const old = await opened(log, "old")
  await old.append(1, bytes("r1"))
  const young = await opened(log, "young")
  assert.is(await young.append(2, bytes("young's")), "appended")
  assert.is(await old.append(2, bytes("old's")), "conflict")
  assert.is(await old.append(3, bytes("old's")), "conflict", "for ever")
  assert.equal(await contents(log), [
    [1, "r1"],
    [2, "young's"],
  ])
})

test("an append that was not answered: done or not, and late or not, it is there once", async () => {
  for (const fault of ["lost", "unheard", "late"] as const)
    for (const arrives of fault === "late" ? [true, false] : [false]) {
      const log = new MemoryLog()
      const journal = await opened(log, "a")
      await journal.append(1, bytes("r1"))
      log.faults = [fault]
      const failed = await Promise.all([rejected(journal.append(2, bytes("r2"))), rejected(journal.append(3, bytes("r3")))])
      for (const text of failed) assert.match(text, /could not be written: timeout/)
      if (arrives) log.arrive()
      // As the master does: all that is not known to be appended, and what has come since.
      const again = await Promise.all([2, 3, 4].map(n => journal.append(n, bytes(`r${n}`))))
      assert.equal(again, ["appended", "appended", "appended"], fault)
      log.arrive()
      if (fault === "unheard") assert.is(log.messages.at(-1)!.first, 4, "what is there is not sent again")
      assert.equal(
        await contents(log),
        [1, 2, 3, 4].map(n => [n, `r${n}`]),
      )
    }
})

test("parts without the last are nothing; whoever comes next appends behind them", async () => {
  const log = new MemoryLog()
  const journal = await opened(log, "a")
  await journal.append(1, bytes("r1"))
  log.faults = ["lost"]
  log.faults.unshift(...([undefined, undefined] as never[]))
  assert.match(await rejected(journal.append(2, bytes("y".repeat(450)))), /timeout/)
  assert.is(log.messages.length, 3)
  const next = await opened(log, "b")
  assert.is(await next.append(2, bytes("b's")), "appended")
  assert.is(await journal.append(2, bytes("y".repeat(450))), "conflict")
  assert.equal(await contents(log), [
    [1, "r1"],
    [2, "b's"],
  ])
})

test("who read while another's parts came does not append behind what it did not read", async () => {
  const log = new MemoryLog()
  const old = await opened(log, "old")
  log.faults = [undefined, "late"] as never[]
  assert.match(await rejected(old.append(1, bytes("z".repeat(150)))), /timeout/)
  const young = await opened(log, "young")
  log.arrive()
  assert.is(await young.append(1, bytes("young's")), "conflict", "the old one's record is whole now")
  assert.equal(await contents(log), [[1, "z".repeat(150)]])
})

test("a group whose last part came late and alone is there a second time, and is read once", async () => {
  const log = new MemoryLog()
  const journal = await opened(log, "a")
  log.faults = [undefined, "late"] as never[]
  const large = "z".repeat(150)
  assert.match(await rejected(journal.append(1, bytes(large))), /timeout/)
  log.arrive()
  assert.is(await journal.append(1, bytes(large)), "appended")
  assert.is(await journal.append(2, bytes("r2")), "appended")
  assert.is(log.messages.length, 5)
  assert.equal(await contents(log), [
    [1, large],
    [2, "r2"],
  ])
})

test("compaction takes away what lies before the record's message", async () => {
  const log = new MemoryLog()
  const journal = await opened(log, "a")
  for (let n = 1; n <= 9; n++) await journal.append(n, bytes(`r${n}`))
  await Promise.all([10, 11, 12].map(n => journal.append(n, bytes(n === 11 ? "s".repeat(300) : `r${n}`))))
  await journal.compact(11)
  assert.equal(
    (await contents(log)).map(([sequence]) => sequence),
    [10, 11, 12],
    "what went with it is there, too",
  )
  assert.is(await journal.append(13, bytes("r13")), "appended")
  await journal.compact(13)
  assert.equal(await contents(log), [[13, "r13"]])
  assert.match(await rejected(journal.compact(13 + 1)), /cannot compact/)
})

test("a log that takes nothing though nobody else appends: that is an error, no conflict", async () => {
  const log = new MemoryLog()
  const journal = await opened(log, "a")
  log.end = 7
  assert.match(await rejected(journal.append(1, bytes("r1"))), /the store takes nothing/)
})

test.run()
