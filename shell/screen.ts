/**
 * Runs the screen: raw keys in, the reducer between, effects out. Owns the terminal's mode and gives it back whatever
 * ends the process.
 */

import { type Decoded, decode, decodeRest, freshDecoder } from "./editor/decode.js"
import { editedCell } from "./editor/external.js"
import type { History } from "./editor/history.js"
import { searchCells } from "./editor/search.js"
import { isComplete } from "./evaluator/complete-cell.js"
import type { ChaosOrder, HostEvent, HostPort } from "./host/port.js"
import { leaves } from "./leaving.js"
import {
  accept,
  type Effect,
  historyEnd,
  initialShell,
  newLine,
  reduce,
  type ShellEvent,
  type ShellState,
  type Step,
  type StyledLine,
} from "./session.js"
import { type Terminal, TerminalMode } from "./terminal-mode.js"
import { TerminalSize } from "./terminal-size.js"
import { frameOf } from "./view/frame.js"
import { FrameOutput } from "./view/frames.js"
import { FullScreen } from "./view/full-screen.js"
import { loadLayout, printedText, unwrapped } from "./view/printed.js"
import { setTheme, themes } from "./view/style.js"

export interface ScreenOptions {
  readonly prompt: string
  /** Of the prompt, by name. */
  readonly color?: string
  readonly history: History
  /** Lines to print before the first prompt. */
  readonly banner: readonly StyledLine[]
  /** Attaches the host; its events come through `emit`. */
  readonly host: (emit: (event: HostEvent) => void) => HostPort
  /** Asked at Ctrl-D. Lines to say goodbye with, or a question that a second Ctrl-D answers. */
  readonly leave: () => Promise<{ readonly lines: readonly StyledLine[]; readonly ask: boolean }>
  readonly chaos?: (order: ChaosOrder) => void
  /** The terminal is an editor's from now on, or ours again: a Ctrl-C there reaches this process as a signal. */
  readonly lent?: (lent: boolean) => void
  /** Cells that grey text offers one after the other on an empty line, once `beginTour` says that their names are there. */
  readonly tour?: readonly string[]
  /** The terminal. Default: this process's. */
  readonly terminal?: Terminal
}

export interface Screen {
  dispatch(event: ShellEvent): void
  /** What it shows. */
  state(): ShellState
  /** As if a person had typed it, whatever stands in the input. */
  enter(cell: string): void
  beginTour(): void
  /** Resolves when the person has left. */
  readonly ended: Promise<void>
  close(): void
}

const layoutAfterMs = 300
/** The rest of a key's sequence comes within it, over a link too. */
const sequenceMs = 50
/** At most this often for what comes by itself; keys and answers are painted at once. */
const repaintMs = 100
const lazy: ReadonlySet<ShellEvent["kind"]> = new Set(["panels", "status", "connection", "progress"])

/** `.theme light`: what is painted from now on; the line says what it has become. */
function themed(asked: string): StyledLine {
  const theme = themes.find(name => name === asked)
  if (theme === undefined) return { text: `.theme ${themes.join(", ")}: which? A line of the startup file keeps it`, style: "warning" }
  setTheme(theme)
  return { text: `  ${theme === "plain" ? "no colours" : `colours for a ${theme} background`}`, style: "dim" }
}

export function openScreen(options: ScreenOptions): Screen {
  const { stdin, stdout } = options.terminal ?? process
  const frames = new FrameOutput(stdout)
  const full = new FullScreen(stdout)
  const mode = new TerminalMode({ stdin, stdout }, frames, full)
  let tour: readonly string[] = []
  let state = initialShell(options.prompt, stdout.columns ?? 80, stdout.rows ?? 24, options.color ?? null)
  state = reduce(state, { kind: "print", lines: options.banner }).state
  let decoder = freshDecoder
  let repaint: NodeJS.Timeout | undefined
  let closed = false
  let finish: () => void = () => {}
  const ended = new Promise<void>(resolve => {
    finish = resolve
  })

  const paint = () => {
    clearTimeout(repaint)
    repaint = undefined
    if (size.moves()) return
    if (state.pager) {
      if (!full.open) frames.hide()
      full.paint(frameOf(state))
      return
    }
    if (full.open) {
      full.close()
      frames.show()
    }
    const above = finished()
    frames.paint(frameOf(state), above)
  }
  /** What is to be printed, as text, and no more in the state; what needs the layout waits for it, and all that comes later. */
  const finished = () => {
    let text = ""
    let at = 0
    for (; at < state.printed.length; at++) {
      const printed = printedText(state.printed[at]!, stdout.columns ?? 80)
      if (printed === null) break
      text += printed
    }
    if (at < state.printed.length) void loadLayout().then(() => closed || paint())
    if (at > 0) state = { ...state, printed: state.printed.slice(at) }
    return text
  }
  const paintSoon = () => {
    repaint ??= setTimeout(paint, repaintMs)
  }

  /** What one key or message brings about, its effects' events too, is one frame. */
  let depth = 0
  let painting = false
  const together = (work: () => void) => {
    depth++
    try {
      work()
    } finally {
      depth--
      if (depth === 0 && painting && !closed) {
        painting = false
        paint()
      }
    }
  }
  const apply = (step: Step, urgent: boolean) =>
    together(() => {
      const changed = step.state !== state
      state = step.state
      for (const effect of step.effects) perform(effect)
      if (changed && urgent) painting = true
      else if (changed && !closed) paintSoon()
    })
  const dispatch = (event: ShellEvent) => apply(reduce(state, event), !lazy.has(event.kind))

  const host = options.host(event => {
    if (event.kind === "chaos") options.chaos?.(event.order)
    else if (event.kind === "done") dispatch({ kind: "done" })
    else if (event.kind === "edit") perform({ kind: "edit", text: event.text })
    else if (event.kind === "completed") dispatch({ ...event, late: true })
    else if (event.kind === "print" || event.kind === "panels") dispatch(event)
  })

  function perform(effect: Effect): void {
    switch (effect.kind) {
      case "submit":
        apply(isComplete(effect.cell) || /^\s*[\w$.]+\?\s*$/.test(effect.cell) ? accept(state) : newLine(state), true)
        return
      case "evaluate":
        if (!ownCommand(effect.cell)) host.run(effect.cell)
        return
      case "remember":
        if (effect.cell.trim() === tour[0]) tour = tour.slice(1)
        options.history.add(effect.cell)
        offer()
        return
      case "cancel":
        host.cancel()
        return
      case "complete":
        void host.complete(effect.text, effect.cursor).then(list => dispatch({ kind: "completed", for: effect.text, list }))
        return
      case "inspect":
        void host.inspect(effect.text, effect.cursor).then(inspection => dispatch({ kind: "inspected", for: effect.text, inspection }))
        return
      case "historyFind": {
        const from = Math.min(effect.index, options.history.length)
        const index = options.history.find(effect.prefix, from, effect.direction, effect.current)
        if (index !== undefined) dispatch({ kind: "history", text: options.history.at(index), index })
        else if (effect.direction === 1) apply(historyEnd(state), true)
        return
      }
      case "ghost":
        dispatch({ kind: "ghost", for: effect.text, text: ghostFor(effect.text) })
        return
      case "find":
        dispatch({ kind: "found", query: effect.query, matches: searchCells(options.history.all(), effect.query) })
        return
      case "page":
        page("")
        return
      case "panels":
        host.panels(effect.order)
        return
      case "edit":
        edit(effect.text)
        return
      case "copy":
        // The terminal's own way to the clipboard of whoever sits before it, over ssh too (OSC 52).
        stdout.write(`\x1b]52;c;${Buffer.from(effect.text).toString("base64")}\x07`)
        return
      case "write":
        host.writeAnswer(effect.name, effect.path, effect.order).then(
          note => dispatch({ kind: "pagerNote", note }),
          (error: Error) => dispatch({ kind: "pagerNote", note: error.message }),
        )
        return
      case "clear":
        frames.clearScreen()
        return
      case "suspend":
        mode.suspend(() => closed, size.heard)
        return
      case "detach":
        leave(effect.confirmed)
        return
    }
  }

  function edit(text: string): void {
    options.lent?.(true)
    void mode
      .lend(async () => dispatch(await editedCell(text)))
      .catch(() => {})
      .finally(() => options.lent?.(false))
  }

  /** A stored answer on a screen of its own. */
  function page(which: string): void {
    Promise.resolve()
      .then(() => host.page(which))
      .then(answer => {
        if (answer) dispatch({ kind: "paged", answer })
        else dispatch({ kind: "print", lines: [{ text: "  the answer has no rows", style: "dim" }] })
      })
      .catch((error: Error) => dispatch({ kind: "print", lines: [{ text: error.message, style: "warning" }] }))
  }

  /** Commands that are the screen's own. They are done at once. */
  function ownCommand(cell: string): boolean {
    const isLast = leaves(cell)
    const match = /^\s*\.(clear|tour|pager|theme)\b(?!\()\s*(\S*)\s*$/.exec(cell)
    if (!match && !isLast) return false
    dispatch({ kind: "done" })
    // Who has written it out means it: Ctrl-D alone is struck by mistake.
    if (match === null) leave(true)
    else runOwn(match)
    return true
  }

  function runOwn(match: RegExpExecArray): void {
    if (match[1] === "pager") page(match[2] ?? "")
    else if (match[1] === "clear") perform({ kind: "clear" })
    else if (match[1] === "theme") dispatch({ kind: "print", lines: [themed(match[2] ?? "")] })
    else if (match[1] === "tour") {
      tour = match[2] === "off" ? [] : (options.tour ?? [])
      if (tour.length === 0 && match[2] !== "off")
        dispatch({ kind: "print", lines: [{ text: "  the tour is part of npm start", style: "dim" }] })
      offer()
    }
  }

  function ghostFor(text: string): string {
    const step = tour[0]
    return step?.startsWith(text) && step !== text ? step.slice(text.length) : options.history.ghost(text)
  }
  /** The next step of the tour, on an empty line. */
  function offer(): void {
    if (options.tour?.length) dispatch({ kind: "ghost", for: "", text: ghostFor("") })
  }

  function leave(confirmed: boolean): void {
    void options.leave().then(({ lines, ask }) => {
      // Of a question that is answered no word more.
      if (!ask || !confirmed) dispatch({ kind: "print", lines })
      if (ask && !confirmed) dispatch({ kind: "mustConfirm" })
      else close()
    })
  }

  let heard = false
  let torn: NodeJS.Timeout | undefined
  const input = (decoded: Decoded) => {
    decoder = decoded.state
    if (decoded.size !== undefined) size.told(decoded.size)
    together(() => {
      for (const event of decoded.events) dispatch({ kind: "input", event })
    })
  }
  const onData = (chunk: Buffer | string) => {
    // What was typed before the terminal was ours came by lines: their ends are Enter, not Ctrl-J.
    const text = heard ? chunk.toString() : chunk.toString().replace(/\n/g, "\r")
    heard = true
    clearTimeout(torn)
    input(decode(decoder, text))
    if (decoder.pending !== "") torn = setTimeout(() => input(decodeRest(decoder)), sequenceMs)
  }
  const size = new TerminalSize(stdout, {
    stood: () => {
      const columns = stdout.columns ?? 80
      frames.resized(columns)
      full.resized()
      host.resize(columns)
      dispatch({ kind: "resized", columns, rows: stdout.rows ?? 24 })
      paint()
    },
  })

  function close(): void {
    if (closed) return
    size.take()
    // What stays on the terminal is finished output: no panel, no prompt.
    state = { ...state, pager: null, left: true }
    paint()
    if (state.printed.length > 0) frames.paint(frameOf(state), state.printed.map(unwrapped).join(""))
    closed = true
    clearTimeout(repaint)
    clearTimeout(torn)
    stdin.off("data", onData)
    stdout.off("resize", size.heard)
    mode.giveBack()
    stdin.pause()
    process.off("exit", mode.giveBack)
    void host.close().finally(finish)
  }

  function enter(cell: string): void {
    const typed = state.buffer
    state = { ...state, buffer: { ...typed, text: cell, cursor: cell.length } }
    apply(accept(state), false)
    state = { ...state, buffer: typed }
    paint()
  }

  process.on("exit", mode.giveBack)
  mode.take()
  stdin.on("data", onData)
  stdout.on("resize", size.heard)
  paint()
  // Whoever types next finds it loaded.
  setTimeout(() => void loadLayout(), layoutAfterMs).unref()
  const beginTour = () => {
    tour = options.tour ?? []
    offer()
  }
  return { dispatch, state: () => state, enter, beginTour, ended, close }
}
