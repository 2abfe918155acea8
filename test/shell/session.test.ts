import { test } from "uvu"
import * as assert from "uvu/assert"
import { accept, type Effect, initialShell, newLine, reduce, type ShellEvent, type ShellState } from "../../shell/session.js"
import { progressOf } from "../../shell/view/progress.js"
import { statusLine } from "../../shell/view/status.js"

function play(events: readonly ShellEvent[], from: ShellState = initialShell("local> ", 80, 24)): { state: ShellState; effects: Effect[] } {
  let state = from
  const effects: Effect[] = []
  for (const event of events) {
    const step = reduce(state, event)
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}
const key = (name: string): ShellEvent => ({ kind: "input", event: { kind: "key", key: name } })
const text = (value: string): ShellEvent => ({ kind: "input", event: { kind: "text", text: value } })
const kinds = (effects: readonly Effect[]) => effects.map(effect => effect.kind)
const printed = (state: ShellState) => state.printed.flatMap(lines => lines.map(line => line.text))

test("Enter asks the language whether the cell is complete; accepted, it is printed, remembered and run", () => {
  const typed = play([text("1 + 1"), key("enter")])
  assert.equal(kinds(typed.effects), ["ghost", "submit"])
  const step = accept(typed.state)
  assert.equal(kinds(step.effects), ["remember", "evaluate"])
  assert.equal(printed(step.state), ["local> 1 + 1"])
  assert.is(step.state.buffer.text, "")
  assert.is(step.state.running, "1 + 1")
})

test("an incomplete cell grows by a line; continuation lines are printed without dots", () => {
  const open = newLine(play([text("views.map(")]).state).state
  const whole = play([text("v => v)")], open).state
  assert.equal(printed(accept(whole).state), ["local> views.map(", "       v => v)"])
})

test("a cell entered while another runs waits for it", () => {
  const first = accept(play([text("a")]).state).state
  const second = accept(play([text("b")], first).state)
  assert.equal(kinds(second.effects), ["remember"])
  const done = reduce(second.state, { kind: "done" })
  assert.equal(done.effects, [{ kind: "evaluate", cell: "b" }])
})

test("Ctrl-C cancels what runs, else clears the input, else says how to leave; five of them leave the shell alive", () => {
  const running = accept(play([text("a")]).state).state
  assert.equal(kinds(play([key("ctrl-c")], running).effects), ["cancel"])
  const typed = play([text("half"), key("ctrl-c")])
  assert.is(typed.state.buffer.text, "")
  const five = play(Array.from({ length: 5 }, () => key("ctrl-c")))
  assert.equal(five.effects, [])
  assert.equal(printed(five.state), Array(5).fill("Ctrl-D detaches"))
})

test("what was typed ahead survives a cancel", () => {
  const running = accept(play([text("a")]).state).state
  const ahead = play([text("next"), key("ctrl-c")], running)
  assert.is(ahead.state.buffer.text, "next")
})

test("Ctrl-D at the end of an unfinished cell says how to leave, and the cell stays", () => {
  const { state, effects } = play([text("views.filter(v =>"), key("ctrl-j"), key("ctrl-d")])
  assert.not.ok(kinds(effects).includes("detach"))
  assert.is(state.buffer.text, "views.filter(v =>\n")
  assert.equal(printed(state), ["Ctrl-C clears what is typed; Ctrl-D on an empty line leaves"])
})

test("Ctrl-D detaches on an empty line only; a second one confirms", () => {
  assert.equal(kinds(play([text("xy"), key("left"), key("left"), key("ctrl-d")]).effects).includes("detach"), false)
  const once = play([key("ctrl-d")])
  assert.equal(once.effects, [{ kind: "detach", confirmed: false }])
  const twice = play([{ kind: "mustConfirm" }, key("ctrl-d")], once.state)
  assert.equal(twice.effects, [{ kind: "detach", confirmed: true }])
  const changed = play([{ kind: "mustConfirm" }, text("x"), key("ctrl-c"), key("ctrl-d")], once.state)
  assert.equal(changed.effects.at(-1), { kind: "detach", confirmed: false })
})

test("grey text is taken at the end of the line, whole or by the word", () => {
  const typed = play([text("views"), { kind: "ghost", for: "views", text: ".count() + 1" }]).state
  assert.is(play([key("right")], typed).state.buffer.text, "views.count() + 1")
  assert.is(play([key("alt-f")], typed).state.buffer.text, "views.count")
  assert.is(play([key("left"), key("right")], typed).state.buffer.text, "views")
  assert.is(play([{ kind: "ghost", for: "other", text: "!" }], play([text("views")]).state).state.ghost, "")
})

test("one completion is inserted, several open a list that Tab walks and Enter takes", () => {
  const typed = play([text("views.c")]).state
  const list = (...items: string[]): ShellEvent => ({
    kind: "completed",
    for: "views.c",
    list: { items: items.map(item => ({ text: item, detail: "" })), selected: 0, from: 6, to: 7 },
  })
  assert.is(play([list("count")], typed).state.buffer.text, "views.count")
  const open = play([list("count", "countByValue", "countByWindow")], typed)
  assert.is(open.state.buffer.text, "views.count")
  assert.is(play([key("tab"), key("enter")], open.state).state.buffer.text, "views.countByValue")
  assert.is(play([key("escape")], open.state).state.completion, null)
  assert.is(play([text("(")], open.state).state.buffer.text, "views.count(")
})

test("Up browses cells with the typed beginning and Down comes back to what was typed", () => {
  const up = play([text("vi"), key("up")])
  const effect = up.effects.at(-1)!
  assert.is(effect.kind, "historyFind")
  const found = play([{ kind: "history", text: "views.count()", index: 3 }], up.state)
  assert.is(found.state.buffer.text, "views.count()")
  assert.is(found.state.browsing?.prefix, "vi")
})

test("in a multi-line cell Up moves within it first", () => {
  const two = play([text("a"), key("alt-enter"), text("b"), key("up")])
  assert.is(two.effects.filter(effect => effect.kind === "historyFind").length, 0)
})

test("a paste is one edit, whatever it holds", () => {
  const pasted = play([{ kind: "input", event: { kind: "paste", text: "views\n  .map(v => v.url)\n  .count()" } }])
  assert.is(pasted.state.buffer.text.split("\n").length, 3)
  assert.equal(kinds(pasted.effects), ["ghost"])
})

test("search takes keys until it ends", () => {
  const searching = play([key("ctrl-r"), text("cou")])
  assert.equal(searching.effects.at(-1), { kind: "find", query: "cou" })
  const found = play(
    [{ kind: "found", query: "cou", matches: ["counts.top(5)", "views.count()"] }, key("ctrl-r"), key("enter")],
    searching.state,
  )
  assert.is(found.state.buffer.text, "views.count()")
  assert.is(found.state.search, null)
})

test("while a cell's question takes long the status line says how far it is, and no longer", () => {
  const status = { cluster: "prod", workers: 2, lost: 0, streams: 3, rate: "5", spark: "", newest: "", worst: "" }
  const line = (state: ShellState) => statusLine({ ...state, status, running: state.running !== null, waiting: 0 }, 120)
  const asking = accept(play([text("slow.count()")]).state).state
  assert.match(line(asking), /2 workers · 3 streams .*running · Ctrl-C cancels/)
  const one = { ...status, workers: 1, streams: 1 }
  assert.match(statusLine({ ...asking, status: one, running: false, waiting: 0 }, 120), / 1 worker · 1 stream · /)
  const told = progressOf({ done: 10, of: 40, elapsedMs: 3_000, longest: { worker: "w1", ms: 900 } })
  assert.is(told, "███░░░░░░░░░ 10 of 40 tasks · 3 s · about 9 s more")
  const half = play([{ kind: "progress", text: told }], asking).state
  assert.match(line(half), /10 of 40 tasks · 3 s · about 9 s more · Ctrl-C cancels/)
  const done = play([{ kind: "done" }, { kind: "progress", text: told }], half).state
  assert.not.match(line(done), /tasks/)
})

test("of a question whose task does not end the status line says which it waits for, however narrow, whatever else is wrong", () => {
  const worst = "● page-views/counts 8.0 s behind: .why page-views/counts"
  const status = { cluster: "prod", workers: 2, lost: 0, streams: 3, rate: "5", spark: "", newest: "21:00:00 in 0.1 s", worst }
  const told = progressOf({ done: 1, of: 5, elapsedMs: 14_000, longest: { worker: "w2", ms: 13_200 } })
  assert.is(told, "██░░░░░░░░░░ 1 of 5 tasks · 14 s · one has run for 13 s on w2")
  assert.match(
    progressOf({ done: 4, of: 13, elapsedMs: 83_000, longest: { worker: "w1", ms: 9_000 } }),
    /about 187 s more|about 3 min more/,
  )
  assert.match(progressOf({ done: 0, of: 5, elapsedMs: 5_000, longest: null }), /none runs: all cores are busy/)
  for (const columns of [80, 100, 140]) {
    const line = statusLine({ status, lostForS: null, running: true, progress: told, waiting: 0 }, columns)
    assert.match(line, /one has run for 13 s on w2 · Ctrl-C cancels/, `${columns} columns`)
  }
  // How it is ended is never cut.
  for (const columns of [40, 60]) {
    const line = statusLine({ status, lostForS: null, running: true, progress: told, waiting: 2 }, columns)
    assert.match(line, /1 of 5.*… · Ctrl-C cancels/, `${columns} columns`)
  }
  const lost = { status, lostForS: 4, running: false, waiting: 0 }
  assert.match(statusLine(lost, 100), /no answer from the master for 4 s; streams do not need this shell/)
  assert.match(statusLine({ ...lost, clusterEnded: true }, 100), /no answer from the master for 4 s; the cluster has ended/)
  assert.match(statusLine({ status, lostForS: null, running: false, waiting: 0 }, 70), /8\.0 s behind: \.why/)
})

test("Shift-Tab asks what stands there; again shows all of it; Escape closes it, any other key is the input's", () => {
  const typed = play([text("views"), key("shift-tab")])
  assert.equal(typed.effects.at(-1), { kind: "inspect", text: "views", cursor: 5 })
  const inspection = { brief: ["views: DStream<AccessLog>"], all: ["views: DStream<AccessLog>", "  ip: string"] }
  const open = play([{ kind: "inspected", for: "views", inspection }], typed.state).state
  assert.is(open.inspection?.whole, false)
  const whole = play([key("shift-tab")], open)
  assert.equal([whole.state.inspection?.whole, whole.effects], [true, []])
  assert.is(play([key("escape")], whole.state).state.inspection, null)
  const on = play([text(".")], open).state
  assert.equal([on.inspection, on.buffer.text], [null, "views."])
  assert.is(play([{ kind: "inspected", for: "views", inspection }], on).state.inspection, null, "too late for what is there now")
  const nothing = play([{ kind: "inspected", for: "views", inspection: null }], typed.state).state
  assert.match(nothing.inspection!.brief[0]!, /^nothing is known/)
})

test("a better list takes an open one's place, and opens none that was closed", () => {
  const typed = play([text("views.c")]).state
  const list = (late: boolean, ...items: string[]): ShellEvent => ({
    kind: "completed",
    for: "views.c",
    list: { items: items.map(item => ({ text: item, detail: "" })), selected: 0, from: 6, to: 7 },
    ...(late && { late: true as const }),
  })
  const open = play([list(false, "cat", "cow")], typed).state
  assert.equal(
    play([list(true, "cow", "cub")], open).state.completion?.items.map(item => item.text),
    ["cow", "cub"],
  )
  assert.is(play([key("escape"), list(true, "cow", "cub")], open).state.completion, null)
})

test.run()
