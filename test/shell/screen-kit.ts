/** The Ink screen painted into a terminal without a screen, before a host that answers what it is told to. */
import { EventEmitter } from "node:events"
import { PassThrough } from "node:stream"
import xterm from "@xterm/headless"
import * as assert from "uvu/assert"
import { History } from "../../shell/editor/history.js"
import type { HostEvent, HostPort } from "../../shell/host/port.js"
import type { PagedAnswer } from "../../shell/pager/paged.js"
import type { Inspection, PanelOrder } from "../../shell/session.js"

process.env.NODE_ENV ??= "production"
process.env.CI = "false"
const { openScreen } = await import("../../shell/screen.js")
const { standsMs } = await import("../../shell/terminal-size.js")

export class FakeHost implements HostPort {
  readonly ran: string[] = []
  cancelled = 0
  closed = 0
  emit: (event: HostEvent) => void = () => {}
  run(cell: string): void {
    this.ran.push(cell)
  }
  cancel(): void {
    this.cancelled++
  }
  complete = async () => ({
    items: [
      { text: "count", detail: "method" },
      { text: "counts", detail: "" },
    ],
    selected: 0,
    from: 0,
    to: 1,
  })
  inspected: Inspection | null = null
  inspect = async () => this.inspected
  paged: PagedAnswer | null = null
  readonly wrote: { which: string; path: string; order: readonly number[] }[] = []
  page = () => this.paged
  writeAnswer = async (which: string, path: string, order: readonly number[]) => {
    this.wrote.push({ which, path, order })
    return `${order.length} rows in ${path}`
  }
  readonly ordered: PanelOrder[] = []
  panels(order: PanelOrder): void {
    this.ordered.push(order)
  }
  resize(): void {}
  async close(): Promise<void> {
    this.closed++
  }
  answer(...lines: string[]): void {
    this.emit({ kind: "print", lines: lines.map(text => ({ text })) })
    this.emit({ kind: "done", failed: false })
  }
}

/** A terminal of `columns` × `rows`: keys in, cells out. Every write is kept, to see that no frame clears the scrollback. */
export function openTerminal(columns: number, rows: number, tour: readonly string[] = []) {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true, convertEol: true })
  const raw: boolean[] = []
  const written: string[] = []
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on), ref() {}, unref() {} })
  let pending = Promise.resolve()
  let now = { columns, rows }
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    writable: true,
    // As Node's own: looks at the terminal's size, and tells of it when it is another.
    _refreshSize: () => {
      if (stdout.columns !== now.columns || stdout.rows !== now.rows) heard()
    },
    write(chunk: string | Uint8Array): boolean {
      const text = chunk.toString()
      written.push(text)
      pending = pending.then(() => new Promise<void>(resolve => terminal.write(text, resolve)))
      return true
    },
  })
  const host = new FakeHost()
  let asks = false
  const screen = openScreen({
    prompt: "local> ",
    history: History.open("test", null),
    banner: [{ text: "rivulet · test" }],
    tour,
    host: emit => {
      host.emit = emit
      return host
    },
    leave: async () => ({ lines: [{ text: "left" }], ask: asks }),
    terminal: { stdin: stdin as unknown as NodeJS.ReadStream, stdout: stdout as unknown as NodeJS.WriteStream },
  })
  if (tour.length > 0) screen.beginTour()
  /** Lets streams, promises and Ink's own frame go through. */
  const settled = async () => {
    for (let turn = 0; turn < 3; turn++) {
      for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
      await pending
    }
  }
  /** The terminal has another size, of which the program has not heard. */
  const sized = (toColumns: number, toRows: number) => {
    // What was written before reached it before.
    pending = pending.then(() => terminal.resize(toColumns, toRows))
    now = { columns: toColumns, rows: toRows }
  }
  const heard = () => {
    Object.assign(stdout, now)
    stdout.emit("resize")
  }
  /** Its size stays as it is: it is painted for that. */
  const stands = async () => {
    await settled()
    await new Promise(resolve => setTimeout(resolve, standsMs + 5))
    await settled()
  }
  const lines = () => {
    const buffer = terminal.buffer.active
    return Array.from({ length: buffer.length }, (_, i) => buffer.getLine(i)!.translateToString(true))
  }
  return {
    terminal,
    host,
    screen,
    raw,
    written,
    settled,
    lines,
    state: () => screen.state(),
    /** Whoever leaves by Ctrl-D is asked first. */
    leaveAsks: () => {
      asks = true
    },
    send: (text: string) => stdin.write(text),
    /** One turn: what was sent is read. */
    soon: () => new Promise<void>(resolve => setImmediate(resolve)),
    type: async (text: string) => {
      stdin.write(text)
      await settled()
    },
    resize: async (toColumns: number, toRows: number) => {
      sized(toColumns, toRows)
      heard()
      await stands()
    },
    sized,
    heard,
    stands,
  }
}

/** Waits until the screen shows it: repaints that nobody waits for are bundled. */
export async function shows(on: ReturnType<typeof openTerminal>, what: string): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    await on.settled()
    if (on.lines().some(line => line.includes(what))) return
  }
  assert.unreachable(`never shown: ${what}\n${on.lines().join("\n")}`)
}
