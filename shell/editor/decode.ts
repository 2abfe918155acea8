/**
 * Raw terminal input → key events. A pure decoder: `decode(state, chunk)` gives the events and what is left of an unfinished
 * escape sequence. Bracketed paste arrives as one `paste` event with its line ends made `\n` (tmux pastes `\r`).
 */

export type InputEvent =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "paste"; readonly text: string }

export interface Decoded {
  readonly events: InputEvent[]
  readonly state: DecoderState
  /** The terminal's answer to what size it has. */
  readonly size?: { readonly columns: number; readonly rows: number }
}

export interface DecoderState {
  /** Bytes of an escape sequence or paste that has not ended. */
  readonly pending: string
}

export const freshDecoder: DecoderState = { pending: "" }

const pasteStart = "\x1b[200~"
const pasteEnd = "\x1b[201~"
/** Alone while a paste has not ended: its end is not coming. A terminal takes it out of what is pasted. */
const giveUp = "\x03"

const sequences: Readonly<Record<string, string>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  OA: "up",
  OB: "down",
  OC: "right",
  OD: "left",
  "[H": "home",
  "[F": "end",
  OH: "home",
  OF: "end",
  "[1~": "home",
  "[4~": "end",
  "[7~": "home",
  "[8~": "end",
  "[3~": "delete",
  "[5~": "pageup",
  "[6~": "pagedown",
  "[Z": "shift-tab",
  "[1;5C": "ctrl-right",
  "[1;5D": "ctrl-left",
  "[1;3C": "alt-right",
  "[1;3D": "alt-left",
  "[1;5A": "ctrl-up",
  "[1;5B": "ctrl-down",
  OQ: "f2",
  "[12~": "f2",
  "[13;2u": "alt-enter",
  "[27;2;13~": "alt-enter",
}

const controls: Readonly<Record<string, string>> = {
  "\r": "enter",
  "\n": "ctrl-j",
  "\t": "tab",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x00": "ctrl-space",
  "\x1f": "ctrl-_",
}

export function decode(state: DecoderState, chunk: string): Decoded {
  const events: InputEvent[] = []
  let size: Decoded["size"]
  let rest = state.pending + chunk
  let text = ""
  const flush = () => {
    if (text !== "") events.push({ kind: "text", text })
    text = ""
  }
  while (rest !== "") {
    if (rest.startsWith(pasteStart)) {
      const end = rest.indexOf(pasteEnd)
      if (end < 0 && chunk !== giveUp) break
      flush()
      if (end < 0) {
        events.push({ kind: "paste", text: linesOf(rest.slice(pasteStart.length, -giveUp.length)) })
        rest = ""
        continue
      }
      events.push({ kind: "paste", text: linesOf(rest.slice(pasteStart.length, end)) })
      rest = rest.slice(end + pasteEnd.length)
      continue
    }
    const char = rest[0]!
    if (char === "\x1b") {
      // The Escape key, or the first byte of a sequence that a link or a full buffer has torn.
      if (rest.length === 1 || pasteStart.startsWith(rest)) break
      const sequence = /^\x1b(\[[0-9;<?]*[ -/]*[@-~]|O[A-Za-z])/.exec(rest)
      if (sequence) {
        flush()
        const key = sequences[sequence[1]!]
        if (key !== undefined) events.push({ kind: "key", key })
        const [, rows, columns] = /^\[8;(\d+);(\d+)t$/.exec(sequence[1]!) ?? []
        if (columns !== undefined) size = { columns: Number(columns), rows: Number(rows) }
        rest = rest.slice(sequence[0].length)
        continue
      }
      if (/^\x1b[[O][0-9;]*$/.test(rest)) break
      // Alt with a key.
      flush()
      const next = String.fromCodePoint(rest.codePointAt(1)!)
      const named = controls[next]
      events.push({ kind: "key", key: named ? `alt-${named}` : next === "\x1b" ? "escape" : `alt-${next}` })
      rest = rest.slice(1 + next.length)
      continue
    }
    const named = controls[char]
    if (named !== undefined) {
      flush()
      events.push({ kind: "key", key: named })
      rest = rest.slice(1)
      continue
    }
    if (char < " ") {
      flush()
      events.push({ kind: "key", key: `ctrl-${String.fromCharCode(char.charCodeAt(0) + 96)}` })
      rest = rest.slice(1)
      continue
    }
    const point = String.fromCodePoint(rest.codePointAt(0)!)
    text += point
    rest = rest.slice(point.length)
  }
  flush()
  return { events, state: { pending: rest }, ...(size && { size }) }
}

/** Nothing has followed for some time: what has begun like a sequence was a key. An unfinished paste still waits. */
export function decodeRest({ pending }: DecoderState): Decoded {
  if (pending.startsWith(pasteStart)) return { events: [], state: { pending } }
  const key = pending === "\x1b" ? "escape" : /^\x1b[[O]$/.test(pending) ? `alt-${pending[1]}` : null
  return { events: key === null ? [] : [{ kind: "key", key }], state: freshDecoder }
}

function linesOf(pasted: string): string {
  return pasted.replace(/\r\n?/g, "\n")
}
