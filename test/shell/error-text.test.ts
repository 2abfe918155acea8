import { suite } from "uvu"
import * as assert from "uvu/assert"
import { errorText } from "../../shell/host/error-text.js"

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

test.run()
