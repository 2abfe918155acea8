/** A file that somebody writes to: what stands next in it, and where it went when its writer began another under its name. */
import { createHash } from "node:crypto"
import { constants } from "node:fs"
import { type FileHandle, open, readdir, stat } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import { longestLineBytes } from "../../engine/input/file-split.js"
import type { FileIdentity } from "./position.js"

/** So much is read at a time, unless a line is longer. */
const readBytes = 1024 * 1024
/** By which a file is told from another that has come to its number on the disk. */
const headBytes = 256
/** What rotation adds to a file's name: numbers, dates and times. */
const rotated = /^([-._]?\d[-._:TZ\d]*|\.(old|prev))$/

export class FollowedFile {
  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    readonly identity: FileIdentity,
  ) {}

  /** Null: there is none of that name. Throws a RivuletError of code 2 for what is no file. */
  static async ifThere(path: string): Promise<FollowedFile | null> {
    // A pipe would be waited for.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(error => {
      if (error.code === "ENOENT") return null
      throw error
    })
    if (handle === null) return null
    try {
      if (!(await handle.stat()).isFile())
        throw new RivuletError(`${path} is no file`, { code: 2, try: "rivulet send without --follow reads from a pipe" })
      return new FollowedFile(path, handle, await identityOf(handle))
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** The file that was followed under the name of `path`, whatever it is called now. Null: it is not there any more. */
  static async find(path: string, wanted: FileIdentity): Promise<FollowedFile | null> {
    for (const name of [path, ...(await siblings(path))]) {
      const file = await FollowedFile.ifThere(name).catch(() => null)
      if (file === null) continue
      if (await file.is(wanted)) return file
      await file.close()
    }
    return null
  }

  /** By as much of its head as there is now. */
  identityNow(): Promise<FileIdentity> {
    return identityOf(this.handle)
  }

  /** Whether it is the one that was known so: not another one that has its number, nor cut and written anew. */
  async is(wanted: FileIdentity): Promise<boolean> {
    if (this.identity.ino !== wanted.ino) return false
    return hashOf(await this.read(0, wanted.headBytes)) === wanted.head
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size
  }

  /** Whether its name is another file's now, or no one's. */
  async isRenamed(path: string): Promise<boolean> {
    const now = await stat(path).catch(() => null)
    return now === null || now.ino !== this.identity.ino
  }

  /**
   * How many bytes from `at` on are whole lines to be sent together: some, or one that is longer, however long. 0: the next line is not there to its
   * end, unless nothing more will come (`ended`): then that is its end.
   */
  async linesAt(at: number, ended: boolean): Promise<number> {
    let bytes = await this.read(at, at + readBytes)
    let end = bytes.lastIndexOf(10) + 1
    if (end > 0) return end
    if (bytes.length === readBytes) {
      bytes = await this.read(at, at + longestLineBytes + 1)
      end = bytes.indexOf(10) + 1
      let from = at + bytes.length
      while (end === 0 && bytes.length > 0 && from - at > longestLineBytes) {
        bytes = await this.read(from, from + readBytes)
        if (bytes.includes(10)) end = from - at + bytes.indexOf(10) + 1
        else from += bytes.length
      }
      if (end === 0 && ended) return from - at
    }
    return end === 0 && ended ? bytes.length : end
  }

  /** As many of them as are there. */
  async read(from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(to, await this.size()) - from))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.handle.read(bytes, filled, bytes.length - filled, from + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }

  /** The one that its writer began after it, under its name; null: not yet. */
  async successor(path: string): Promise<FollowedFile | null> {
    const { mtimeMs } = await this.handle.stat()
    const later: { readonly name: string; readonly mtimeMs: number }[] = []
    for (const name of await siblings(path)) {
      if (!rotated.test(name.slice(path.length))) continue
      const found = await stat(name).catch(() => null)
      if (found !== null && found.ino !== this.identity.ino && found.mtimeMs > mtimeMs) later.push({ name, mtimeMs: found.mtimeMs })
    }
    later.sort((a, b) => a.mtimeMs - b.mtimeMs)
    return FollowedFile.ifThere(later[0]?.name ?? path)
  }

  close(): Promise<void> {
    return this.handle.close()
  }
}

/** Files whose names begin like it: `access.log.1` and what else a rotation makes of `access.log`. */
async function siblings(path: string): Promise<string[]> {
  const entries = await readdir(dirname(path), { withFileTypes: true })
  const name = basename(path)
  return entries.filter(one => one.isFile() && one.name !== name && one.name.startsWith(name)).map(one => join(dirname(path), one.name))
}

async function identityOf(handle: FileHandle): Promise<FileIdentity> {
  const { ino } = await handle.stat()
  const head = Buffer.alloc(headBytes)
  const { bytesRead } = await handle.read(head, 0, headBytes, 0)
  return { ino, headBytes: bytesRead, head: hashOf(head.subarray(0, bytesRead)) }
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 32)
