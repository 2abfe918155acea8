/** What one partition is made of, and what the loss of a worker would cost: said before, and then lost. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { PartitionLineage, PartitionStep } from "../../cluster/protocol.js"
import { type Simulation, simulate } from "../../cluster/testing/index.js"
import { partitionLines } from "../../shell/host/partition-view.js"

const test = suite("lineage of a partition")
const start = Date.UTC(2026, 0, 1)
const flat = (step: PartitionStep): PartitionStep[] => [step, ...step.parents.flatMap(flat)]
const texts = (lineage: PartitionLineage) =>
  partitionLines(lineage, { tz: "UTC", columns: 200, now: () => start + 10_000 }).map(({ text }) => text)

async function counting(workers: number): Promise<Simulation> {
  const s = await simulate({ workers })
  s.readStream("views", "1s")
    .named("views")
    .map(v => [v, 1] as [string, number])
    .runningReduce((a, b) => a + b)
    .named("counts")
  await s.flush()
  for (let second = 0; second < 4; second++) {
    s.feed(
      "views",
      Array.from({ length: 40 }, (_, i) => `/${(i * (second + 3)) % 17}`),
    )
    await s.advance("1s")
  }
  await s.advance("2s")
  return s
}

test("a state's partition: its delta, the version before with the checkpoint below, the input", async () => {
  const s = await counting(3)
  const lineage = await s.partitionLineage("counts", start + 3_000, 1)
  const { step } = lineage
  assert.equal([lineage.stream, lineage.from, lineage.partitions], ["test/counts", start + 3_000, 4])
  assert.equal([step!.stream, step!.at, step!.partition], ["test/counts", start + 3_000, 1])
  assert.ok(step!.workers.length >= 1 && step!.bytes > 0 && step!.rows > 0)
  const steps = flat(step!)
  const before = steps.find(one => one.what === "state")!
  assert.equal([before.at, before.partition, before.checkpoint, before.parents], [start + 2_000, 1, true, []])
  const input = steps.find(one => one.what === "input")!
  assert.equal([input.stream, input.at, input.rows, input.workers.length >= 2], ["test/views", start + 3_000, 40, true])
  const [first, ...rest] = texts(lineage)
  assert.match(first!, /^ {2}counts\[00:00:03\] 1 +\S+ +w\d( \+ w\d)* +\d+ keys, delta of \d+, \d+ B$/)
  assert.ok(
    rest.some(line => /├─ counts\[00:00:02\] 1 +CHECKPOINT +w\d \+ w\d +.*lineage ends here$/.test(line)),
    rest.join("\n"),
  )
  assert.ok(
    rest.some(line => /└─ views\[00:00:03\] +input( ×\d+)? +w\d \+ w\d/.test(line)),
    rest.join("\n"),
  )
  await s.close()
})

test("two hold it: nothing would be made again, and the other one is named", async () => {
  const s = await counting(3)
  const { losses, step } = await s.partitionLineage("counts", start + 3_000, 2)
  assert.is(losses.length, step!.workers.length)
  for (const { worker, partitions, copies, tasks } of losses) {
    assert.equal([partitions, tasks], [[], []])
    assert.ok(copies.length > 0 && !copies.includes(worker))
  }
  const whole = await s.partitionLineage("counts", start + 3_000, null)
  assert.equal(texts(whole), ["  if any one worker were lost: nothing would be computed again, two workers have any of its 4 partitions"])
  await s.close()
})

test("one alone has it: the partitions that would be made again, by which tasks, from what", async () => {
  const s = await simulate({ workers: 2 })
  s.readStream("views", "1s")
    .named("views")
    .map(v => [v, 1] as [string, number])
    .runningReduce((a, b) => a + b)
    .checkpoint("1h")
    .named("counts")
  await s.flush()
  const seconds = 4
  for (let second = 0; second < seconds; second++) {
    s.feed(
      "views",
      Array.from({ length: 200 }, (_, i) => `/${i}`),
    )
    await s.advance("1s")
  }
  await s.advance("2s")
  const at = start + (seconds - 1) * 1_000
  const alone = new Map<string, number[]>()
  for (let partition = 0; partition < 4; partition++) {
    const { step } = await s.partitionLineage("counts", at, partition)
    assert.is(step!.workers.length, 1)
    alone.set(step!.workers[0]!, [...(alone.get(step!.workers[0]!) ?? []), partition])
  }
  const { losses } = await s.partitionLineage("counts", at, null)
  assert.equal(new Map(losses.map(({ worker, partitions }) => [worker, [...partitions]])), alone)
  const before = await s.stream<[string, number]>("counts").at(at).collect()
  for (const { worker, partitions, tasks, from, on, gone, ms } of losses) {
    const made = new Map(tasks.map(one => [one.name, one.tasks]))
    assert.is(made.get("test/counts"), partitions.length * seconds, "each interval's delta of each partition")
    assert.ok(tasks.length > 1, "and map tasks before them")
    assert.equal([on, gone], [["w1", "w2"].filter(name => name !== worker), []])
    assert.equal(from, [{ name: "test/views", kind: "records", first: start, last: at }])
    assert.ok(ms !== null && ms >= 0)
  }
  const [lost] = losses
  const [line] = texts(await s.partitionLineage("counts", at, lost!.partitions[0]!)).slice(-1)
  assert.match(line!, /if w\d were lost: counts \d by \d+ tasks \(.*counts 4\) on w\d, from views\[00:00:00 to 00:00:03\], about \d/)
  s.kill(lost!.worker)
  await s.advance("5s")
  assert.equal(await s.stream<[string, number]>("counts").at(at).collect(), before)
  await s.close()
})

test("a partition that is not there, a stream that holds nothing, a name that nobody has", async () => {
  const s = await counting(2)
  s.stream<string>("views")
    .map((v: string) => v.length)
    .named("lengths")
  await s.flush()
  const refused = async (...asked: Parameters<Simulation["partitionLineage"]>) => {
    try {
      await s.partitionLineage(...asked)
    } catch (error) {
      return (error as Error).message
    }
    return "not refused"
  }
  assert.match(await refused("counts", null, 4), /partitions 0 to 3 then, none 4/)
  assert.match(await refused("cuonts", null, 0), /no stream cuonts/)
  assert.match(await refused("counts", start - 60_000, 0), /no longer that of/)
  const lengths = await s.partitionLineage("lengths", start + 3_000, 0)
  assert.equal(lengths.losses, [])
  assert.match(texts(lengths).at(-1)!, /no worker holds anything of lengths then/)
  await s.close()
})

test.run()
