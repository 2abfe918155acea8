import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { type Buffer, type Edit, edit, emptyBuffer, target } from "../../shell/editor/buffer.js"
import { decode, decodeRest, freshDecoder, type InputEvent } from "../../shell/editor/decode.js"
import { keyTable } from "../../shell/editor/keys.js"
import { help } from "../../shell/host/commands/help.js"

/** `|` marks the cursor. */
function at(text: string): Buffer {
  const cursor = text.indexOf("|")
  return { ...emptyBuffer, text: text.replace("|", ""), cursor }
}
function shown(buffer: Buffer): string {
  return `${buffer.text.slice(0, buffer.cursor)}|${buffer.text.slice(buffer.cursor)}`
}

const edits: readonly [before: string, edit: Edit, after: string][] = [
  ["ab|c", { kind: "insert", text: "X" }, "abX|c"],
  ["ab|c", { kind: "move", to: "left" }, "a|bc"],
  ["a👩‍💻|c", { kind: "move", to: "left" }, "a|👩‍💻c"],
  ["|👍🏽b", { kind: "move", to: "right" }, "👍🏽|b"],
  ["|", { kind: "move", to: "left" }, "|"],
  ["views.map(v|)", { kind: "move", to: "wordLeft" }, "views.map(|v)"],
  ["views.map(|v)", { kind: "move", to: "wordLeft" }, "views.|map(v)"],
  ["vi|ews.map", { kind: "move", to: "wordRight" }, "views|.map"],
  ["one\ntw|o", { kind: "move", to: "lineStart" }, "one\n|two"],
  ["o|ne\ntwo", { kind: "move", to: "lineEnd" }, "one|\ntwo"],
  ["one\ntw|o", { kind: "move", to: "up" }, "on|e\ntwo"],
  ["one|\nx", { kind: "move", to: "down" }, "one\nx|"],
  ["😀😀|b\nabcd", { kind: "move", to: "down" }, "😀😀b\nabcd|"],
  ["日本\nab|c", { kind: "move", to: "up" }, "日|本\nabc"],
  ["日本\na|bc", { kind: "move", to: "up" }, "|日本\nabc"],
  ["👩‍💻x\na|b", { kind: "move", to: "up" }, "|👩‍💻x\nab"],
  ["x cafe\u0301|", { kind: "move", to: "wordLeft" }, "x |cafe\u0301"],
  ["x |cafe\u0301s y", { kind: "move", to: "wordRight" }, "x cafe\u0301s| y"],
  ["a 👩‍💻👍🏽 b|", { kind: "move", to: "bigWordLeft" }, "a 👩‍💻👍🏽 |b"],
  ["a 👩‍💻👍🏽|", { kind: "delete", to: "bigWordLeft", kill: true }, "a |"],
  ["🇩🇪🇫🇷|", { kind: "delete", to: "left" }, "🇩🇪|"],
  ["a b|", { kind: "delete", to: "left" }, "a |"],
  ["é|", { kind: "delete", to: "left" }, "|"],
  ["a.b(c) d|", { kind: "delete", to: "bigWordLeft", kill: true }, "a.b(c) |"],
  ["a.bc|", { kind: "delete", to: "wordLeft", kill: true }, "a.|"],
  ["one\ntwo| three", { kind: "delete", to: "lineEnd", kill: true }, "one\ntwo|"],
  ["ab|", { kind: "transpose" }, "ba|"],
  ["a|b", { kind: "transpose" }, "ba|"],
]
for (const [before, change, after] of edits)
  test(`${JSON.stringify(before)} ${JSON.stringify(change)}`, () => assert.is(shown(edit(at(before), change)), after))

test("what was cut comes back, and undo takes steps back", () => {
  let buffer = at("keep cut|")
  buffer = edit(buffer, { kind: "delete", to: "bigWordLeft", kill: true })
  buffer = edit(buffer, { kind: "yank" })
  assert.is(shown(buffer), "keep cut|")
  buffer = edit(edit(buffer, { kind: "undo" }), { kind: "undo" })
  assert.is(shown(buffer), "keep cut|")
})

const inputs: readonly [name: string, chunks: readonly string[], events: readonly InputEvent[]][] = [
  ["text", ["abc"], [{ kind: "text", text: "abc" }]],
  [
    "arrows",
    ["\x1b[A\x1bOB"],
    [
      { kind: "key", key: "up" },
      { kind: "key", key: "down" },
    ],
  ],
  ["escape alone, when nothing follows", ["\x1b", ""], [{ kind: "key", key: "escape" }]],
  [
    "a sequence torn after its first byte",
    ["a\x1b", "[A"],
    [
      { kind: "text", text: "a" },
      { kind: "key", key: "up" },
    ],
  ],
  [
    "a paste torn after its first byte",
    ["x\x1b", "[200~a\rb", "\x1b", "[201~"],
    [
      { kind: "text", text: "x" },
      { kind: "paste", text: "a\nb" },
    ],
  ],
  ["alt with a bracket, when nothing follows", ["\x1b[", ""], [{ kind: "key", key: "alt-[" }]],
  ["a paste that never ends is given up by Ctrl-C", ["\x1b[200~a", "b", "\x03"], [{ kind: "paste", text: "ab" }]],
  ["alt", ["\x1bf"], [{ kind: "key", key: "alt-f" }]],
  [
    "controls",
    ["\x17\x03"],
    [
      { kind: "key", key: "ctrl-w" },
      { kind: "key", key: "ctrl-c" },
    ],
  ],
  ["emoji is text", ["a😀"], [{ kind: "text", text: "a😀" }]],
  ["a paste is one event, tmux's \\r are line ends", ["\x1b[200~a\r.map(", "b)\r\n\x1b[201~"], [{ kind: "paste", text: "a\n.map(b)\n" }]],
  ["a paste split inside its marker", ["\x1b[20", "0~x\x1b[201~"], [{ kind: "paste", text: "x" }]],
  [
    "keys after a paste",
    ["\x1b[200~x\x1b[201~\r"],
    [
      { kind: "paste", text: "x" },
      { kind: "key", key: "enter" },
    ],
  ],
  ["an unknown sequence is passed over", ["\x1b[99;99Xa"], [{ kind: "text", text: "a" }]],
]
for (const [name, chunks, expected] of inputs)
  test(`decode: ${name}`, () => {
    let state = freshDecoder
    const events: InputEvent[] = []
    for (const chunk of chunks) {
      // An empty one stands for the time that passes.
      const decoded = chunk === "" ? decodeRest(state) : decode(state, chunk)
      events.push(...decoded.events)
      state = decoded.state
    }
    assert.equal(events, expected)
    assert.is(state.pending, "")
  })

test("no key stands twice in the table", () => {
  const keys = keyTable.flatMap(row => row.keys)
  for (const { text } of help("keys", [], 120)) assert.match(text, /^ {2}\S+(?:, \S+)* {3,}\S/, "keys and what they do are two columns")
  assert.equal(
    keys.filter((key, i) => keys.indexOf(key) !== i),
    [],
  )
})

test("motions end between graphemes, whatever the text", () => {
  const letters = ["a", "_", " ", ".", "\n", "日", "😀", "👩‍💻", "👍🏽", "e\u0301", "🇩🇪", "\t", "\u200d", "\u0301"]
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...letters), { maxLength: 30 }), fc.nat(), (parts, place) => {
      const text = parts.join("")
      const between = new Set([...[...segmenter.segment(text)].map(({ index }) => index), text.length])
      const cursor = [...between][place % between.size]!
      for (const motion of ["left", "right", "wordLeft", "wordRight", "bigWordLeft", "up", "down"] as const)
        assert.ok(between.has(target({ text, cursor }, motion)), `${motion} from ${cursor} in ${JSON.stringify(text)}`)
    }),
    { numRuns: 2000 },
  )
})

test("any input decodes to its end, and motions stay inside the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, position) => {
      decode(freshDecoder, text)
      const cursor = Math.min(position, text.length)
      for (const motion of ["left", "right", "wordLeft", "wordRight", "bigWordLeft", "lineStart", "lineEnd", "up", "down"] as const) {
        const to = target({ text, cursor }, motion)
        assert.ok(to >= 0 && to <= text.length, motion)
      }
    }),
    { numRuns: 500 },
  )
})

test.run()
