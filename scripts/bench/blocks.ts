/**
 * What blocks cost: packing lines, encoding and decoding rows. CPU time of the best of five rounds, so that
 * a busy machine does not count.
 *
 *   node --import ./scripts/register.mjs scripts/bench/blocks.ts
 */
import { Block, encodeRows } from "../../engine/block/block.js"
import { hashKey, KeyMap } from "../../engine/keys/key.js"
import { TextPacker } from "../../engine/text-packer.js"

function best(rounds: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < rounds; i++) {
    const start = process.cpuUsage()
    work()
    const used = process.cpuUsage(start)
    least = Math.min(least, (used.user + used.system) / 1000)
  }
  return least
}

function report(what: string, ms: number, rows: number, bytes: number): void {
  const rate = `${Math.round(bytes / 1000 / ms)} MB/s`
  console.log(`${what.padEnd(44)} ${rate.padStart(10)} ${((ms * 1e6) / rows).toFixed(1).padStart(8)} ns a row`)
}

const words = Array.from({ length: 1000 }, (_, i) => `word${i}`)
let state = 1
function next(n: number): number {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0
  return (state >>> 8) % n
}

const lineCount = 200_000
const lines = Array.from({ length: lineCount }, () => {
  let line = words[next(1000)]!
  while (line.length < 93) line += ` ${words[next(1000)]!}`
  return line.slice(0, 99).padEnd(99, "x")
})
const text = Buffer.from(`${lines.join("\n")}\n`)

report(
  "packer, 100-byte lines, 64 KiB chunks",
  best(5, () => {
    const packer = new TextPacker({ maxBytes: 1 << 20 })
    for (let at = 0; at < text.length; at += 65536) packer.push(text.subarray(at, at + 65536))
    packer.flush()
  }),
  lineCount,
  text.length,
)

function bench(what: string, rows: readonly unknown[]): void {
  const bytes = encodeRows(rows)
  report(
    `encode ${what}`,
    best(5, () => void encodeRows(rows)),
    rows.length,
    bytes.length,
  )
  report(
    `verify ${what}`,
    best(5, () => Block.of(bytes).verify()),
    rows.length,
    bytes.length,
  )
  let seen = 0
  const count = () => {
    seen++
  }
  report(
    `decode ${what}`,
    best(5, () => Block.of(bytes).forEach(count)),
    rows.length,
    bytes.length,
  )
  if (seen !== 5 * rows.length) throw new Error("rows were lost")
}

const n = 100_000
bench("strings of 99", lines.slice(0, n))
bench(
  "[string, number]",
  Array.from({ length: n }, (_, i) => [words[next(1000)], i]),
)
bench(
  "[number, number]",
  Array.from({ length: n }, (_, i) => [i, i * 0.5]),
)
bench(
  "flat objects of 5 fields",
  Array.from({ length: n }, (_, i) => ({ ip: `10.0.0.${i & 255}`, url: `/p/${i % 997}`, status: 200, bytes: i, user: null })),
)
bench(
  "non-ASCII strings",
  Array.from({ length: n }, (_, i) => `Zürich ${i}`),
)
bench(
  "mixed (opaque)",
  Array.from({ length: n }, (_, i) => (i % 2 === 0 ? i : `${i}`)),
)

report(
  "hashKey, words",
  best(5, () => void lines.forEach(hashKey)),
  lineCount,
  text.length,
)
const keys = Array.from({ length: 500_000 }, () => words[next(1000)]!)
report(
  "KeyMap, count of words",
  best(5, () => {
    const map = new KeyMap<number>()
    for (const key of keys) map.set(key, (map.get(key) ?? 0) + 1)
  }),
  keys.length,
  keys.length * 7,
)
