/**
 * History by whole cells: a JSON line each on disk (`$XDG_STATE_HOME/rivulet/history.jsonl`). Several shells append to the
 * same file; a line that is not JSON is passed over.
 */
import { appendFileSync, mkdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { stateDirectory } from "../state-directory.js"

const kept = 5000

export class History {
  private constructor(
    private readonly cells: string[],
    private readonly path: string | null,
    private readonly master: string,
  ) {}

  static open(master: string, path: string | null = historyPath()): History {
    return new History(path === null ? [] : read(path), path, master)
  }

  get length(): number {
    return this.cells.length
  }

  at(index: number): string | undefined {
    return this.cells[index]
  }

  /** Remembers a cell that was run. Where the file cannot be written, the session's own history still works. */
  add(cell: string): void {
    if (cell.trim() === "" || this.cells.at(-1) === cell) return
    this.cells.push(cell)
    if (this.path === null) return
    try {
      mkdirSync(dirname(this.path), { recursive: true })
      appendFileSync(this.path, `${JSON.stringify({ cell, master: this.master })}\n`, { mode: 0o600 })
    } catch {
      // a read-only home is no reason to disturb the person at the prompt
    }
  }

  /** The newest cell before (or after) `from` that begins with `prefix`, and differs from `current`. */
  find(prefix: string, from: number, direction: -1 | 1, current: string): number | undefined {
    for (let i = from + direction; i >= 0 && i < this.cells.length; i += direction)
      if (this.cells[i]!.startsWith(prefix) && this.cells[i] !== current) return i
    return undefined
  }

  /** What the newest cell that begins with `text` goes on with: the grey text. */
  ghost(text: string): string {
    if (text === "" || text.includes("\n")) return ""
    for (let i = this.cells.length - 1; i >= 0; i--) {
      const cell = this.cells[i]!
      if (cell.length > text.length && cell.startsWith(text) && !cell.includes("\n")) return cell.slice(text.length)
    }
    return ""
  }

  all(): readonly string[] {
    return this.cells
  }
}

export function historyPath(): string {
  return join(stateDirectory(), "history.jsonl")
}

function read(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch {
    return []
  }
  const cells: string[] = []
  for (const line of text.split("\n").slice(-kept)) {
    try {
      const entry: unknown = JSON.parse(line)
      if (typeof entry === "object" && entry !== null && "cell" in entry && typeof entry.cell === "string") cells.push(entry.cell)
    } catch {
      // a torn line: another shell was killed while writing
    }
  }
  return cells
}
