/**
 * The text being edited, as a pure value: text, cursor, the kill ring's top and an undo stack. Positions are UTF-16 offsets
 * that never fall inside a grapheme.
 */
import { cellWidth, head } from "../view/width.js"

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
      return wordsBack(text, cursor, isWord)
    case "bigWordLeft":
      return wordsBack(text, cursor, isNoBlank)
    case "wordRight":
      return wordRight(text, cursor)
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
      const cells = cellWidth(text.slice(lineStart, cursor))
      if (motion === "up") return lineStart === 0 ? cursor : atCell(text, text.lastIndexOf("\n", lineStart - 2) + 1, cells)
      const end = text.indexOf("\n", cursor)
      return end < 0 ? cursor : atCell(text, end + 1, cells)
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

/** One grapheme (an emoji with its modifiers is one) to the left or right. */
function step(text: string, at: number, direction: -1 | 1): number {
  if (direction === -1) return at === 0 ? 0 : graphemes.segment(text).containing(at - 1)!.index
  return ended(text, at + 1)
}

/** `at`, or the beginning of the grapheme that it falls inside. */
function begun(text: string, at: number): number {
  return at >= text.length ? text.length : graphemes.segment(text).containing(at)!.index
}

/** `at`, or that grapheme's end. */
function ended(text: string, at: number): number {
  if (at >= text.length) return text.length
  const inside = graphemes.segment(text).containing(at)!
  return inside.index === at ? at : inside.index + inside.segment.length
}

/** The place in the line from `start` on that so many cells of the terminal stand before; its end when it is shorter. */
function atCell(text: string, start: number, cells: number): number {
  const end = text.indexOf("\n", start)
  return start + head(text.slice(start, end < 0 ? text.length : end), cells).length
}

const isWord = (letter: string) => /[\p{L}\p{N}\p{M}_$]/u.test(letter)
const isNoBlank = (letter: string) => /\S/u.test(letter)

/** Back over what is no word, then over the word. */
function wordsBack(text: string, cursor: number, isOf: (letter: string) => boolean): number {
  let at = cursor
  for (const wanted of [false, true])
    while (at > 0) {
      const before = at - (isInside(text, at - 1) ? 2 : 1)
      if (isOf(letterAt(text, before)) !== wanted) break
      at = before
    }
  return begun(text, at)
}

function wordRight(text: string, cursor: number): number {
  let at = cursor
  for (const wanted of [false, true]) while (at < text.length && isWord(letterAt(text, at)) === wanted) at += letterAt(text, at).length
  return ended(text, at)
}

/** Whether a surrogate pair's second half stands there. */
function isInside(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff
}

function letterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at)!)
}

function clamp(position: number, text: string): number {
  return Math.max(0, Math.min(position, text.length))
}
