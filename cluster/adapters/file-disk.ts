/** Files on the worker's machine: ranges of old logs in, output files out. Every error names the path. */

import { randomUUID } from "node:crypto"
import { constants } from "node:fs"
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { setTimeout } from "node:timers/promises"
import { crc32 } from "node:zlib"
import { archivedPart, archiveKind } from "../../engine/input/archive.js"
import { changeOf, endsBytes, type ListedFile, type PinnedFile, packingOf } from "../../engine/input/file-split.js"
import { Turns } from "./turns.js"

/**
 * The bytes `[from, to)` of a file; fewer where the file ends sooner. `take`: the memory they are read into.
 * `pinned`: what it was when it was listed; rejects when what was listed is not there any more.
 */
export async function readRange(
  path: string,
  from: number,
  to: number,
  { pinned, take = bytes => new Uint8Array(bytes) }: { readonly pinned?: PinnedFile; readonly take?: (bytes: number) => Uint8Array } = {},
): Promise<Uint8Array> {
  return readTurns.run(() =>
    named("read", path, async () => {
      const file = await opened(path)
      try {
        if (pinned !== undefined) await checkPinned(file, pinned)
        const { size } = await file.stat()
        const length = Math.max(0, Math.min(to, size) - from)
        const bytes = take(length)
        let filled = 0
        while (filled < length) {
          const { bytesRead } = await file.read(bytes, filled, length - filled, from + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        // It may have been written to meanwhile.
        if (pinned !== undefined) await checkPinned(file, pinned)
        return filled === length ? bytes : bytes.subarray(0, filled)
      } finally {
        await file.close()
      }
    }),
  )
}

/** Of files that are read at once. A lost worker's blocks are all asked for in the same moment: ten thousands. The system's threads for files are few. */
const readAtOnce = 64
const readTurns = new Turns(readAtOnce)

/** What the process or the machine has too many of, sockets, too: others give them back. */
const tooMany = new Set(["EMFILE", "ENFILE"])
const openTries = 40
const openAgainMs = 250

async function opened(path: string): Promise<FileHandle> {
  for (let tries = 1; ; tries++) {
    try {
      return await open(path, "r")
    } catch (error) {
      if (tries >= openTries || !tooMany.has((error as NodeJS.ErrnoException).code ?? "")) throw error
      await setTimeout(openAgainMs)
    }
  }
}

/** Rejects when what was listed is not there any more. */
export async function checkPinned(file: FileHandle, pinned: PinnedFile): Promise<void> {
  const { size, mtimeMs } = await file.stat()
  const same = size === pinned.sizeBytes && mtimeMs === pinned.modifiedMs
  const ends = same || size < pinned.sizeBytes ? 0 : await endsOf(file, pinned.sizeBytes)
  const change = changeOf(pinned, { sizeBytes: size, modifiedMs: mtimeMs }, () => ends)
  if (change !== null) throw new Error(change)
}

/** A checksum of the first and the last bytes of what has this size. */
async function endsOf(file: FileHandle, sizeBytes: number): Promise<number> {
  const head = Buffer.alloc(Math.min(endsBytes, sizeBytes))
  const tail = Buffer.alloc(head.length)
  const first = await file.read(head, 0, head.length, 0)
  const last = await file.read(tail, 0, tail.length, sizeBytes - tail.length)
  return crc32(tail.subarray(0, last.bytesRead), crc32(head.subarray(0, first.bytesRead)))
}

/**
 * The files that paths and patterns (`/logs/2026-*.log`) name, each once, in order of path; absolute. Rejects when one
 * names none: a mistyped path must not look like an empty log.
 */
export async function listFiles(paths: readonly string[]): Promise<ListedFile[]> {
  const found = new Map<string, ListedFile>()
  for (const path of paths) {
    if (path.endsWith("/**")) for (const file of await filesBelow(path.slice(0, -2))) found.set(file.path, file)
    else for (const file of await filesOf(path)) if (!found.has(file.path)) found.set(file.path, await pinned(file))
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

async function pinned(listed: ListedFile): Promise<ListedFile> {
  return named("read", listed.path, async () => {
    const file = await open(listed.path, "r")
    try {
      const head = Buffer.alloc(4)
      const { bytesRead } = await file.read(head, 0, head.length, 0)
      const packed = packingOf(head.subarray(0, bytesRead))
      return { ...listed, ends: await endsOf(file, listed.sizeBytes), ...(packed !== undefined && { packed }) }
    } finally {
      await file.close()
    }
  })
}

/** The files of a directory, without hidden ones and those of directories below it. It may have none yet. */
async function filesIn(directory: string): Promise<ListedFile[]> {
  const entries = await named("list", directory, () => readdir(directory, { withFileTypes: true }))
  const files = entries.filter(entry => entry.isFile() && !entry.name.startsWith("."))
  const found = files.map(async ({ name }) => {
    const path = join(directory, name)
    // It may have been taken away since.
    const { size, mtimeMs } = await stat(path).catch(() => ({ size: -1, mtimeMs: 0 }))
    return { path, sizeBytes: size, modifiedMs: mtimeMs }
  })
  return (await Promise.all(found)).filter(({ sizeBytes }) => sizeBytes >= 0)
}

/** All files in a directory, however deep; without checksums, for whoever lists so many has them in the files. */
async function filesBelow(path: string): Promise<ListedFile[]> {
  const root = resolve(path)
  return named("list", path, async () => {
    const entries = await readdir(root, { withFileTypes: true, recursive: true })
    const files = entries.filter(entry => entry.isFile() && !entry.name.startsWith("."))
    const found: ListedFile[] = []
    for (const { parentPath, name } of files) {
      const file = join(parentPath, name)
      const { size, mtimeMs } = await stat(file)
      found.push({ path: file, sizeBytes: size, modifiedMs: mtimeMs })
    }
    return found
  })
}

/** Files that a pattern names. Rejects for those of an archive, which are no text: read as lines, all of it would be set aside. */
async function filesOf(path: string): Promise<ListedFile[]> {
  const files = await filesNamed(path)
  const archived = files.find(file => archivedPart(file.path) !== null)
  if (archived !== undefined) throw archiveMeant(path, resolve(archived.path, "../../../.."))
  return files
}

const archiveMeant = (path: string, directory: string) => new Error(`${path} is what an input archived: stream("archive:${directory}")`)

async function filesNamed(path: string): Promise<ListedFile[]> {
  // A name that exists is that file, even if it has a bracket in it.
  const absolute = resolve(path)
  if (path.endsWith("/")) return filesIn(absolute)
  const literal = await stat(absolute).catch(() => null)
  if (literal?.isDirectory() && (await readdir(absolute)).some(name => archiveKind(name) !== null)) throw archiveMeant(path, absolute)
  if (literal?.isDirectory()) throw new Error(`${path} is a directory: name its files, as ${join(path, "*")}`)
  // A pipe would never let go of who opens it.
  if (literal !== null && !literal.isFile())
    throw new Error(`${path} is no file that can be read twice: send what comes out of it, with rivulet send`)
  if (literal !== null) return [{ path: absolute, sizeBytes: literal.size, modifiedMs: literal.mtimeMs }]
  // Loaded when it is needed: it is a third of what a node has to load as it starts.
  const { default: glob } = await import("fast-glob")
  if (!glob.isDynamicPattern(path)) return named("read", path, () => stat(absolute).then(() => []))
  const entries = await named("list", path, () => glob(path, { absolute: true, stats: true, onlyFiles: true }))
  if (entries.length === 0) throw new Error(`no file matches ${path}`)
  return entries.map(entry => ({ path: entry.path, sizeBytes: entry.stats?.size ?? 0, modifiedMs: entry.stats?.mtimeMs ?? 0 }))
}

/** Whole or not at all: into a temporary file beside it, synced, renamed. Directories are made. Twice the same is harmless. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await named("write", path, async () => {
    const directory = dirname(path)
    await makeDirectories(directory)
    const temporary = join(directory, `.${basename(path)}.${randomUUID()}.tmp`)
    try {
      const file = await open(temporary, "wx")
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
    await syncDirectory(directory)
  })
}

/**
 * The parts, one after the other, in a new file. Not synced: it need not outlive the process. `direct`: past the system's page cache; each part begins with a page
 * of memory and is whole pages long. Where the system cannot (its file system, larger pages), as usual.
 */
export async function writeParts(path: string, parts: readonly Uint8Array[], direct = false): Promise<void> {
  await named("write", path, async () => {
    if (direct && (await writtenDirectly(path, parts))) return
    const file = await open(path, "w")
    try {
      await writeAll(file, 0, parts)
    } finally {
      await file.close()
    }
  })
}

/** Directories whose file system refused: it is not asked again. */
const notDirectly = new Set<string>()

/** False: it cannot be, or not all of it was. */
async function writtenDirectly(path: string, parts: readonly Uint8Array[]): Promise<boolean> {
  // Not every system has it.
  const { O_DIRECT, O_WRONLY, O_CREAT, O_TRUNC } = constants as Partial<typeof constants> & typeof constants
  const directory = dirname(path)
  if (O_DIRECT === undefined || notDirectly.has(directory)) return false
  try {
    const file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT)
    try {
      const { bytesWritten } = await file.writev(parts as Uint8Array[], 0)
      return bytesWritten === parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
    } finally {
      await file.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== "EINVAL" && code !== "ENOTSUP") throw error
    notDirectly.add(directory)
    return false
  }
}

/** The parts, one after the other, from byte `at` on; 0: in a new file. Synced: they outlive the machine. */
export async function appendParts(path: string, at: number, parts: readonly Uint8Array[]): Promise<void> {
  await named("write", path, async () => {
    const file = await open(path, at === 0 ? "w" : "r+")
    try {
      await writeAll(file, at, parts)
      await file.datasync()
    } finally {
      await file.close()
    }
    if (at === 0) await syncDirectory(dirname(path))
  })
}

async function writeAll(file: FileHandle, at: number, parts: readonly Uint8Array[]): Promise<void> {
  // One call where the system takes it all; what it leaves is written piece by piece.
  let written = (await file.writev(parts as Uint8Array[], at)).bytesWritten
  let start = 0
  for (const part of parts) {
    for (let from = Math.max(0, written - start); from < part.byteLength; ) {
      const { bytesWritten } = await file.write(part, from, part.byteLength - from, at + start + from)
      from += bytesWritten
      written += bytesWritten
    }
    start += part.byteLength
  }
}

/** A new name itself must survive a crash. Some file systems cannot sync a directory: then nothing more can be done. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r").catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

/** What `read` makes of each file of the directory, which is made when missing, in order of name; nulls are left out. One is in memory at a time. */
export async function readEach<T>(directory: string, read: (path: string, bytes: Uint8Array) => T | null): Promise<T[]> {
  return named("read", directory, async () => {
    await makeDirectories(directory)
    const found: T[] = []
    for (const name of (await readdir(directory)).sort()) {
      const path = join(directory, name)
      const one = read(path, await readFile(path))
      if (one !== null) found.push(one)
    }
    return found
  })
}

/** It may be gone already. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch(() => {})
}

/** Made, and without what an earlier process left there. */
export async function emptyDirectory(path: string): Promise<void> {
  await named("clear", path, async () => {
    await rm(path, { recursive: true, force: true })
    await makeDirectories(path)
  })
}

/** As `mkdir -p`. (Node's own `recursive` never ends where a directory refuses to have children with ENOENT, as /proc does.) */
export async function makeDirectories(directory: string): Promise<void> {
  try {
    await mkdir(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST" && (await stat(directory)).isDirectory()) return
    if (code === "EEXIST") throw Object.assign(new Error(`${directory} is no directory`), { code: "ENOTDIR" })
    if (code !== "ENOENT" || dirname(directory) === directory) throw error
    await makeDirectories(dirname(directory))
    await mkdir(directory).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== "EEXIST") throw again.code === "ENOENT" ? new Error(`${directory} cannot be made there`) : again
    })
  }
}

/** What goes wrong is said with the path. */
export async function named<T>(verb: string, path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw new Error(`cannot ${verb} ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === "Z_BUF_ERROR") return "it ends in the middle: it was cut off, or is still being written"
  if (code?.startsWith("Z_") === true) return `it cannot be unpacked: ${message}`
  const known: Record<string, string> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of the path is no directory",
    ENOSPC: "the disk is full",
    EROFS: "the disk is read-only",
    EMFILE: "too many open files",
  }
  return (code !== undefined ? known[code] : undefined) ?? message
}
