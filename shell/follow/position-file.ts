/** The position on disk: what is to be remembered is appended, and now and then written anew in few words. One process at a time. */
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { type FileHandle, open, readFile, rename } from "node:fs/promises"
import { homedir } from "node:os"
import { basename, join } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import { Position } from "./position.js"

/** Longer, it is written anew. */
const longestBytes = 256 * 1024

export class PositionFile {
  private bytes = 0

  private constructor(
    readonly path: string,
    private file: FileHandle,
  ) {}

  /** Of a file that is followed into a stream of a master. Throws a RivuletError of code 2 when another process does so. */
  static async open(of: { readonly master: string; readonly stream: string; readonly path: string }): Promise<{
    readonly positions: PositionFile
    readonly position: Position
  }> {
    const directory = join(process.env.XDG_STATE_HOME ?? join(homedir(), ".local", "state"), "rivulet", "follow")
    mkdirSync(directory, { recursive: true })
    const hash = createHash("sha256")
      .update(JSON.stringify([of.master, of.stream, of.path]))
      .digest("hex")
      .slice(0, 16)
    const path = join(directory, `${of.stream}-${basename(of.path)}-${hash}.jsonl`)
    lock(`${path}.lock`, of.path)
    const position = Position.of(await readFile(path, "utf8").catch(() => ""))
    const positions = new PositionFile(path, await open(path, "a"))
    await positions.rewrite(position)
    return { positions, position }
  }

  /** Resolves when it is on disk. */
  async remember(text: string): Promise<void> {
    await this.file.write(text)
    await this.file.datasync()
    this.bytes += text.length
  }

  /** The same for what need not be known at once. */
  async note(text: string, position: Position): Promise<void> {
    if (text === "") return
    await this.file.write(text)
    this.bytes += text.length
    if (this.bytes > longestBytes) await this.rewrite(position)
  }

  /** In place of all before. */
  async rewrite(position: Position): Promise<void> {
    const next = await open(`${this.path}.next`, "w")
    const { text } = position
    await next.write(text)
    await next.datasync()
    await rename(`${this.path}.next`, this.path)
    await this.file.close()
    this.file = next
    this.bytes = text.length
  }

  async close(): Promise<void> {
    await this.file.close()
    rmSync(`${this.path}.lock`, { force: true })
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
    if (isAlive(holder))
      throw new RivuletError(`${followed} is followed by process ${holder} already`, {
        code: 2,
        try: `kill ${holder}, or remove ${path} if it is none of rivulet's`,
      })
    rmSync(path, { force: true })
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}
