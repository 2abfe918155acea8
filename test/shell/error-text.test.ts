import { suite } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../engine/errors.js"
import { errorText } from "../../shell/host/error-text.js"
import { errorLines, notSaidBy } from "../../shell/host/error-view.js"
import { findingLines } from "../../shell/host/finding-lines.js"

const test = suite("shell/error-text")

test("what a function threw is shown, and does nothing to the terminal", () => {
  const failure = { kind: "user", errorName: "Error", message: "boom \u001b[2J\u0007\nand more", record: '"\u009b31m"' } as const
  const lines = errorText(Object.assign(new Error("a task failed"), { failure }))
  assert.equal(lines.slice(0, 2), ["Error: boom \\x1b[2J\\x07", "and more"])
  assert.ok(
    lines.some(line => line.includes('record     "\\x9b31m"')),
    lines.join("\n"),
  )
  assert.not.match(lines.join("\n"), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
})

test("an error of ours holds what a person typed: escaped too", () => {
  assert.equal(errorText(new Error("no stream \u001b]0;title\u0007")), ["no stream \\x1b]0;title\\x07"])
})

test("on a screen a long record takes one line, with where to see the rest of it", () => {
  const record = `{ ${Array.from({ length: 60 }, (_, i) => `field${i}: ${i}`).join(", ")} }`
  const failure = { kind: "user", errorName: "Error", message: "boom", record } as const
  for (const columns of [80, 120, 200, 300]) {
    const line = errorText(Object.assign(new Error("a task failed"), { failure }), undefined, columns).find(one =>
      one.startsWith("  record"),
    )!
    assert.match(line, /… {3}\.record shows it whole$/)
    assert.is(line.length, columns)
  }
  const short = errorText(Object.assign(new Error(""), { failure: { ...failure, record: "{ a: 1 }" } }), undefined, 80)
  assert.ok(short.includes("  record     { a: 1 }"))
})

test("advice that the message ends with is not said twice", () => {
  const advice = "join with an RDD, or do it in foreachRDD"
  const said = (error: Error) => errorLines(error).map(({ text }) => text)
  assert.equal(said(new RivuletError(`cannot be async: ${advice}`, { try: advice })), [`cannot be async: ${advice}`])
  assert.equal(said(new RivuletError("cannot be async", { try: advice })), ["cannot be async", `  try        ${advice}`])
})

const text = 'views.last("1 minute").map(v => v.sttus)'
const ofArgument = {
  at: text.indexOf('"'),
  end: text.indexOf('"') + 10,
  message: 'last takes a Duration like "30s" as span, not "1 minute"',
}
const ofField = { at: text.indexOf("sttus"), end: text.indexOf("sttus") + 5, message: "sttus is not a field of views: status?" }

test("what types say of the argument that an error of ours is about is not said again, what they say of the rest is", () => {
  const position = { line: 1, column: text.indexOf(".last") + 1, text }
  const error = Object.assign(new RivuletError('"1 minute" is not a duration'), { position })
  const found = { cell: text, findings: [ofArgument, ofField] }
  assert.equal(notSaidBy(error, found), [{ ...ofField, line: 1, column: ofField.at }])
  assert.equal(notSaidBy(Object.assign(new TypeError("no"), { position }), found), found.findings, "JavaScript's words need some of ours")
})

test("what is known of a cell when others have begun says that it is of an earlier one", () => {
  const lines = (isEarlier: boolean) => findingLines(text, [ofField], null, isEarlier).map(line => line.text)
  assert.equal(lines(true), ["  of an earlier cell, by its types:", ...lines(false)])
  assert.equal(findingLines(text, [], null, true), [])
})

test.run()
