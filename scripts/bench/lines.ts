/** The benchmark's input: lines of exactly 100 bytes (the newline too) of Zipf-distributed words, the last one cut off. Made from a seed. */

export const lineBytes = 100
const vocabulary = 50_000
/** What `grep` looks for: in about one line of two hundred. */
export const needle = "needle"
const needleEvery = 200

export interface Lines {
  readonly bytes: Buffer
  readonly lines: number
  /** Lines that contain the needle. */
  readonly matches: number
  /** Words in all lines, cut-off ones too. */
  readonly words: number
}

/** `lines` lines, the same for the same seed. */
export function makeLines(lines: number, seed = 1): Lines {
  const next = generator(seed)
  const pick = zipf(vocabulary, next)
  const words = Array.from({ length: vocabulary }, (_, rank) => wordOf(rank))
  const bytes = Buffer.allocUnsafe(lines * lineBytes)
  let matches = 0
  let count = 0
  for (let line = 0; line < lines; line++) {
    let text = ""
    if (next() * needleEvery < 1) {
      text = `${needle} `
      matches++
    }
    while (text.length < lineBytes) text += `${words[pick()]} `
    text = text
      .slice(0, lineBytes - 1)
      .trimEnd()
      .padEnd(lineBytes - 1, "x")
    count += text.split(" ").length
    bytes.write(text, line * lineBytes, "latin1")
    bytes[(line + 1) * lineBytes - 1] = 10
  }
  return { bytes, lines, matches, words: count }
}

/** Frequent words are shorter, as in a language; about fifteen fit into a line. None is the needle. */
function wordOf(rank: number): string {
  let text = ""
  for (let rest = rank + 26; rest > 0; rest = Math.floor(rest / 26)) text = String.fromCharCode(97 + (rest % 26)) + text
  return `${text}${"aeiou"[rank % 5]}${rank % 2 === 0 ? "mb" : ""}${"rst"[rank % 3]}`
}

function zipf(size: number, next: () => number): () => number {
  const sums = new Float64Array(size)
  let sum = 0
  for (let rank = 0; rank < size; rank++) {
    sum += 1 / (rank + 1)
    sums[rank] = sum
  }
  return () => {
    const at = next() * sum
    let low = 0
    let high = size - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle]! < at) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
