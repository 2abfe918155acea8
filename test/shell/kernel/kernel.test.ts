/** The Jupyter kernel by a real process on a real cluster: what a page sees of cells, tables, errors, interrupts, and of a master that dies. */
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Embedded, startEmbedded } from "../../../cluster/embedded.js"
import type { Message } from "../../../shell/kernel/wire.js"
import { type Answered, KernelClient } from "./client.js"

const test = suite("kernel")
let cluster: Embedded
let kernel: KernelClient

test.before(async () => {
  cluster = await startEmbedded({ workers: 2, cores: 1 })
  kernel = await KernelClient.start("-m", cluster.address)
})
test.after(async () => {
  await kernel.close()
  await cluster.stop()
})

const types = ({ published }: Answered) => published.map(({ header }) => header.msg_type)
const found = ({ published }: Answered, type: string): Message["content"] =>
  published.find(({ header }) => header.msg_type === type)!.content
const data = (answered: Answered) => found(answered, "execute_result").data as Record<string, string>
const text = (answered: Answered, name: string) =>
  answered.published
    .flatMap(({ header, content }) => (header.msg_type === "stream" && content.name === name ? [content.text] : []))
    .join("")

test("who it is, and that it lives", async () => {
  const { reply } = await kernel.ask("kernel_info_request")
  assert.is(reply.protocol_version, "5.3")
  assert.is((reply.language_info as { name: string }).name, "typescript")
  assert.is(await kernel.beat(), "alive?")
})

test("a cell: its input, what it prints, its value, a number", async () => {
  const answered = await kernel.execute('console.log("out"); console.warn("err")\n6 * 7')
  assert.equal(types(answered), ["execute_input", "stream", "stream", "execute_result"])
  assert.equal([text(answered, "stdout"), text(answered, "stderr")], ["out\n", "err\n"])
  assert.equal(data(answered), { "text/plain": "42" })
  assert.equal([answered.reply.status, answered.reply.execution_count], ["ok", found(answered, "execute_result").execution_count])
  const next = await kernel.execute("let kept = 1; assert.equal(kept, 1)")
  assert.is(next.reply.execution_count, (answered.reply.execution_count as number) + 1)
  const silent = await kernel.ask("execute_request", { code: "kept += 1; console.log(kept)", silent: true })
  assert.equal([types(silent), silent.reply.execution_count], [[], next.reply.execution_count])
})

test("rows are a table, a series is drawn, both are text too", async () => {
  const rows = data(await kernel.execute('await parallelize([["/a<b>", 2], ["/", 1]]).top(2)'))
  assert.match(rows["text/plain"]!, /^\/a<b> {3}2\n\/ {7}1\n2 of 2 · /)
  assert.match(rows["text/html"]!, /<th>key<\/th>.*<td>\/a&#60;b&#62;<\/td><td style="text-align:right">2<\/td>.*2 of 2/)
})

test("what is drawn is a picture, text, and a specification that pages draw themselves", async () => {
  const mime = "application/vnd.vegalite.v5+json"
  const bars = found(await kernel.execute('.plot [["/a", 2], ["/b", 1]]'), "execute_result").data as Record<string, unknown>
  assert.match(String(bars["text/plain"]), /^\/a {2}2 {2}█+/)
  assert.match(String(bars["text/html"]), /^<svg/)
  assert.equal((bars[mime] as { data: unknown }).data, {
    values: [
      { row: 0, label: "/a", value: 2, text: "2" },
      { row: 1, label: "/b", value: 1, text: "1" },
    ],
  })
  const rows = data(await kernel.execute('await parallelize([["/", 1]]).top(2)'))
  assert.is(rows[mime], undefined)
  // Without an expression it is the last answer.
  const last = found(await kernel.execute(".plot"), "execute_result").data as Record<string, unknown>
  assert.equal((last[mime] as { data: unknown }).data, { values: [{ row: 0, label: "/", value: 1, text: "1" }] })
})

test("an error has the user's line, and cells that were sent after it do not run", async () => {
  const sent = new Date()
  const first = kernel.begin("execute_request", { code: "const a = 1\nnope.x" }, sent)
  const second = kernel.begin("execute_request", { code: "kept = 99" })
  const failed = await first.answered
  assert.equal([failed.reply.status, failed.reply.ename, failed.reply.evalue], ["error", "ReferenceError", "nope is not defined"])
  assert.match((failed.reply.traceback as string[]).join("\n"), /2 │ nope\.x/)
  assert.equal(types(failed), ["execute_input", "error"])
  assert.is((await second.answered).reply.status, "aborted")
  const late = kernel.begin("execute_request", { code: "kept = 99" }, sent)
  assert.is((await late.answered).reply.status, "aborted", "it was still on its way")
  assert.is(data(await kernel.execute("kept"))["text/plain"], "2")
})

test("complete, inspect, is it complete, history", async () => {
  const code = '"😀"; const x = para'
  const { reply } = await kernel.ask("complete_request", { code, cursor_pos: [...code].length })
  assert.equal([reply.matches, reply.cursor_start, reply.cursor_end], [["parallelize"], [...code].length - 4, [...code].length])
  const inspected = await kernel.ask("inspect_request", { code: "views.slice", cursor_pos: 9, detail_level: 0 })
  assert.ok(inspected.reply.found)
  assert.match((inspected.reply.data as Record<string, string>)["text/plain"]!, /slice/)
  const cases: [code: string, status: string][] = [
    ["1 + 1", "complete"],
    ["views.map(v => {", "incomplete"],
    ["const = 1", "invalid"],
    [".streams", "complete"],
  ]
  for (const [code, status] of cases) assert.is((await kernel.ask("is_complete_request", { code })).reply.status, status, code)
  const tail = await kernel.ask("history_request", { hist_access_type: "tail", n: 1, output: false, raw: true })
  assert.is((tail.reply.history as unknown[][])[0]![2], "kept")
  const searched = await kernel.ask("history_request", { hist_access_type: "search", pattern: "6 *7*", n: 1 })
  assert.equal(searched.reply.history, [])
  const star = await kernel.ask("history_request", { hist_access_type: "search", pattern: "*6 ? 7", n: 1 })
  assert.is((star.reply.history as unknown[]).length, 1)
})

test("a loop without end is interrupted, and so is a wait; names are kept", async () => {
  const inTimer = 'await new Promise(() => setTimeout(() => { console.log("on"); for (;;) {} }))'
  for (const forever of [
    'console.log("on"); for (;;) {}',
    'console.log("on"); await new Promise(() => {})',
    'console.log("on"); for (;;) await null',
    inTimer,
  ]) {
    const cell = kernel.begin("execute_request", { code: forever })
    await kernel.until(() => kernel.of(cell.id).some(({ header }) => header.msg_type === "stream"))
    assert.is((await kernel.onControl("interrupt_request")).reply.status, "ok")
    assert.is((await cell.answered).reply.status, "error", forever)
    assert.is(data(await kernel.execute("kept + 1"))["text/plain"], "3", forever)
  }
})

test("a question that never ends is interrupted, awaited by itself or not, and its tasks are freed", async () => {
  const endless = "parallelize([1, 2, 3, 4, 5, 6, 7, 8], 8).map(n => { for (;;) {} return n }).count()"
  for (const waits of [
    `await ${endless}`,
    `await Promise.all([${endless}, ${endless}])`,
    `${endless}.then(n => n); await new Promise(() => {})`,
  ]) {
    const asking = kernel.begin("execute_request", { code: `console.log("asks"); ${waits}` })
    await kernel.until(() => kernel.of(asking.id).some(({ header }) => header.msg_type === "stream"))
    await kernel.onControl("interrupt_request")
    assert.is((await asking.answered).reply.status, "error", waits)
    assert.match(data(await kernel.execute("await parallelize([1, 2, 3], 8).count()"))["text/plain"]!, /^3\n/, waits)
  }
})

test("a live table is shown once and updated in its place, until it is closed", async () => {
  const defined = await kernel.execute(
    'const words = readStream("words", "200ms")\nconst counts = words.map(w => [w, 1]).runningReduce((a, b) => a + b)',
  )
  assert.match(text(defined, "stdout"), /counts {3}state/)
  const { published } = await kernel.execute(".watch counts.top(3) as hottest")
  const shown = published.find(({ header }) => header.msg_type === "display_data")!
  const id = (shown.content.transient as { display_id: string }).display_id
  const parent = (shown.parent as { msg_id: string }).msg_id
  const updates = () => kernel.of(parent).filter(({ header }) => header.msg_type === "update_display_data")
  await kernel.until(() => updates().length > 1)
  const { data: updated, transient } = updates().at(-1)!.content as { data: Record<string, string>; transient: { display_id: string } }
  assert.is(transient.display_id, id)
  assert.match(updated["text/plain"]!, /^hottest ─ counts\.top\(3\) · /)
  assert.ok(updated["text/html"])
  assert.is((await kernel.execute(".unwatch")).reply.status, "ok")
})

test("a page's cells are run one by one, and read what lies beside it", async () => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-page-"))
  const page = join(directory, "a.md")
  writeFileSync(join(directory, "words.txt"), "a\nb\nc\n")
  writeFileSync(page, '```ts\nconst lines = textFile("words.txt")\n```\n```ts\nawait lines.count()\n```\n')
  const answered = await kernel.execute(`.load ${page}`)
  assert.is(answered.reply.status, "ok", JSON.stringify(answered.reply))
  assert.match(
    JSON.stringify(answered.published.map(({ content }) => content)),
    /a\.md:2 {2}const lines.*a\.md:5 {2}await lines\.count.*[" ]3\\n/,
  )
  rmSync(directory, { recursive: true })
})

test("the master dies and is back: the same kernel asks it again", async () => {
  await cluster.kill("master")
  const answered = await kernel.execute("await counts.latest().count()")
  assert.is(answered.reply.status, "ok", JSON.stringify(answered.reply))
  assert.match(data(answered)["text/plain"]!, /^0\n/)
})

test("a cell that ends its thread loses its names and no more", async () => {
  const ended = await kernel.execute("process.exit()")
  assert.is(ended.reply.status, "error")
  assert.match((ended.reply.traceback as string[]).join("\n"), /names are gone/)
  assert.is(data(await kernel.execute('typeof kept + " " + typeof counts'))["text/plain"], '"undefined object"')
})

test("what is not signed is not answered", async () => {
  const unsigned = JSON.stringify({ msg_id: "x", msg_type: "shutdown_request" })
  await kernel.raw(["<IDS|MSG>", "0".repeat(64), unsigned, "{}", "{}", "{}"].map(part => Buffer.from(part)))
  assert.is((await kernel.execute("1")).reply.status, "ok")
})

test("it ends when it is told to; started again it has no names of its cells, and the streams are there", async () => {
  assert.is((await kernel.execute("let kept = 1")).reply.status, "ok")
  const exit = once(kernel.process, "exit")
  assert.equal((await kernel.onControl("shutdown_request", { restart: true })).reply, { status: "ok", restart: true })
  assert.equal(await exit, [0, null], kernel.said)
  await kernel.close()
  kernel = await KernelClient.start("-m", cluster.address)
  assert.is(data(await kernel.execute('typeof kept + " " + typeof counts'))["text/plain"], '"undefined object"')
})

test("no master: the kernel lives, and each cell says so", async () => {
  const alone = await KernelClient.start("-m", "tcp://127.0.0.1:1")
  const { reply } = await alone.execute("1 + 1")
  assert.is(reply.status, "error")
  assert.match(String(reply.evalue), /127\.0\.0\.1:1/)
  await alone.close()
})

test.run()
