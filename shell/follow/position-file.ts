/** The position on disk: what is to be remembered is appended, and now and then written anew in few words. One process at a time. */
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { type FileHandle, open, readFile, rename } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import { runs } from "../running.js"
import { stateDirectory } from "../state-directory.js"
import { Position } from "./position.js"

/** Longer, it is written anew. */
const longestBytes = 256 * 1024

/** Written from one place, one call after the other: what lies on disk is always a beginning of what was said, or that in few words. */
export class PositionFile {
  private bytes = 0
  /** What need not be known at once: it goes with what comes next. */
  private notes = ""

  private constructor(
    readonly path: string,
    private file: FileHandle,
  ) {}

  /** Of a file that is followed into a stream of a master. Throws a RivuletError of code 2 when another process does so, 1 when it cannot be read. */
  static async open(of: { readonly master: string; readonly stream: string; readonly path: string }): Promise<{
    readonly positions: PositionFile
    readonly position: Position
  }> {
    const directory = join(stateDirectory(), "follow")
    mkdirSync(directory, { recursive: true })
    const hash = createHash("sha256")
      .update(JSON.stringify([of.master, of.stream, of.path]))
      .digest("hex")
      .slice(0, 16)
    const path = join(directory, `${of.stream}-${basename(of.path)}-${hash}.jsonl`)
    lock(`${path}.lock`, of.path)
    try {
      const position = known(path, await textOf(path))
      const positions = new PositionFile(path, await open(path, "a"))
      await positions.rewrite(position)
      return { positions, position }
    } catch (error) {
      rmSync(`${path}.lock`, { force: true })
      throw error
    }
  }

  /** Resolves when it is on disk, and all that was noted before it. The position knows it already. */
  async remember(text: string, position: Position): Promise<void> {
    await this.append(text, position)
    await this.file.datasync()
  }

  /** What need not be on disk before `write`. */
  note(text: string): void {
    this.notes += text
  }

  /** What was noted. */
  async write(position: Position): Promise<void> {
    if (this.notes !== "") await this.append("", position)
  }

  /** In place of all before. */
  async rewrite(position: Position): Promise<void> {
    const { text } = position
    this.notes = ""
    const next = await open(`${this.path}.next`, "w")
    await next.writeFile(text)
    await next.datasync()
    await rename(`${this.path}.next`, this.path)
    const directory = await open(dirname(this.path), "r")
    await directory.sync()
    await directory.close()
    await this.file.close()
    this.file = next
    this.bytes = text.length
  }

  async close(): Promise<void> {
    await this.file.close()
    rmSync(`${this.path}.lock`, { force: true })
  }

  private async append(text: string, position: Position): Promise<void> {
    if (this.bytes > longestBytes) return this.rewrite(position)
    const all = this.notes + text
    this.notes = ""
    this.bytes += all.length
    await this.file.appendFile(all)
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    // Only of what is not there nothing is known.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ""
    throw error
  }
}

function known(path: string, text: string): Position {
  try {
    return Position.of(text)
  } catch (error) {
    throw new RivuletError(`${path}, which says how far the file was sent, is damaged: ${error instanceof Error ? error.message : error}`, {
      try: "remove it, and the file is sent from its beginning",
    })
  }
}

/** What a process that has ended left is taken over. */
function lock(path: string, followed: string): void {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
    let holder = Number.NaN
    try {
      holder = Number(readFileSync(path, "utf8"))
    } catch {}
    if (holder !== process.pid && runs(holder, words => words.includes("send")))
      throw new RivuletError(`${followed} is followed by process ${holder} already`, {
        code: 2,
        try: `kill ${holder}, or remove ${path} if it is none of rivulet's`,
      })
    rmSync(path, { force: true })
  }
}
