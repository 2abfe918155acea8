/**
 * The text being edited, as a pure value: text, cursor, the kill ring's top and an undo stack. Positions are UTF-16 offsets
 * that never fall inside a grapheme.
 */

export interface Buffer {
  readonly text: string
  readonly cursor: number
  readonly killed: string
  readonly undo: readonly { readonly text: string; readonly cursor: number }[]
}

export const emptyBuffer: Buffer = { text: "", cursor: 0, killed: "", undo: [] }

export type Edit =
  | { readonly kind: "insert"; readonly text: string }
  | { readonly kind: "set"; readonly text: string; readonly cursor?: number }
  | { readonly kind: "move"; readonly to: Motion }
  | { readonly kind: "delete"; readonly to: Motion; readonly kill?: boolean }
  | { readonly kind: "transpose" }
  | { readonly kind: "yank" }
  | { readonly kind: "undo" }

export type Motion = "left" | "right" | "wordLeft" | "wordRight" | "bigWordLeft" | "lineStart" | "lineEnd" | "up" | "down" | "start" | "end"

const undoDepth = 200

export function edit(buffer: Buffer, change: Edit): Buffer {
  switch (change.kind) {
    case "insert":
      return replace(buffer, buffer.cursor, buffer.cursor, change.text)
    case "set":
      return { ...remember(buffer), text: change.text, cursor: clamp(change.cursor ?? change.text.length, change.text) }
    case "move":
      return { ...buffer, cursor: target(buffer, change.to) }
    case "delete": {
      const to = target(buffer, change.to)
      const [from, end] = to < buffer.cursor ? [to, buffer.cursor] : [buffer.cursor, to]
      if (from === end) return buffer
      const next = replace(buffer, from, end, "")
      return change.kill ? { ...next, killed: buffer.text.slice(from, end) } : next
    }
    case "transpose": {
      const at = buffer.cursor === buffer.text.length ? step(buffer.text, buffer.cursor, -1) : buffer.cursor
      const before = step(buffer.text, at, -1)
      const after = step(buffer.text, at, 1)
      if (before === at || after === at) return buffer
      const swapped = buffer.text.slice(at, after) + buffer.text.slice(before, at)
      return replace(buffer, before, after, swapped)
    }
    case "yank":
      return buffer.killed === "" ? buffer : replace(buffer, buffer.cursor, buffer.cursor, buffer.killed)
    case "undo": {
      const last = buffer.undo.at(-1)
      return last ? { ...buffer, text: last.text, cursor: last.cursor, undo: buffer.undo.slice(0, -1) } : buffer
    }
  }
}

function replace(buffer: Buffer, from: number, to: number, text: string): Buffer {
  return { ...remember(buffer), text: buffer.text.slice(0, from) + text + buffer.text.slice(to), cursor: from + text.length }
}

function remember(buffer: Buffer): Buffer {
  return { ...buffer, undo: [...buffer.undo.slice(-undoDepth), { text: buffer.text, cursor: buffer.cursor }] }
}

/** Where a motion ends. */
export function target(buffer: Pick<Buffer, "text" | "cursor">, motion: Motion): number {
  const { text, cursor } = buffer
  switch (motion) {
    case "left":
      return step(text, cursor, -1)
    case "right":
      return step(text, cursor, 1)
    case "wordLeft":
      return text.slice(0, cursor).replace(/[\p{L}\p{N}_$]+[^\p{L}\p{N}_$]*$|[^\p{L}\p{N}_$]+$/u, "").length
    case "bigWordLeft":
      return text.slice(0, cursor).replace(/\S+\s*$|\s+$/u, "").length
    case "wordRight":
      return cursor + (/^[^\p{L}\p{N}_$]*[\p{L}\p{N}_$]*/u.exec(text.slice(cursor))?.[0].length ?? 0)
    case "lineStart":
      return text.lastIndexOf("\n", cursor - 1) + 1
    case "lineEnd": {
      const end = text.indexOf("\n", cursor)
      return end < 0 ? text.length : end
    }
    case "start":
      return 0
    case "end":
      return text.length
    case "up":
    case "down": {
      const lineStart = text.lastIndexOf("\n", cursor - 1) + 1
      const column = cursor - lineStart
      if (motion === "up") {
        if (lineStart === 0) return cursor
        const start = text.lastIndexOf("\n", lineStart - 2) + 1
        return clamp(Math.min(start + column, lineStart - 1), text)
      }
      const end = text.indexOf("\n", cursor)
      if (end < 0) return cursor
      const nextEnd = text.indexOf("\n", end + 1)
      return clamp(Math.min(end + 1 + column, nextEnd < 0 ? text.length : nextEnd), text)
    }
  }
}

export function onFirstLine(buffer: Buffer): boolean {
  return !buffer.text.slice(0, buffer.cursor).includes("\n")
}

export function onLastLine(buffer: Buffer): boolean {
  return !buffer.text.slice(buffer.cursor).includes("\n")
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** One grapheme (an emoji with its modifiers is one) to the left or right; looks no further than one line. */
function step(text: string, at: number, direction: -1 | 1): number {
  if (direction === 1) {
    const next = graphemes
      .segment(text.slice(at, at + 64))
      [Symbol.iterator]()
      .next()
    return next.done ? at : at + next.value.segment.length
  }
  const from = Math.max(0, at - 64)
  let last = at
  for (const { index } of graphemes.segment(text.slice(from, at))) last = from + index
  return last
}

function clamp(position: number, text: string): number {
  return Math.max(0, Math.min(position, text.length))
}
