/** A directory that is listed again and again: which of its files are new and whole, and which names may be used anew. */

import type { ListedFile } from "../../engine/input/file-split.js"

/** A name that was read is remembered as long as the file is there, and so much longer. */
const goneForMs = 60_000

export class WatchedDirectory {
  /** Files that were there when it was listed last and are not read yet. Once one has not changed in between it is whole. */
  #seen = new Map<string, string>()
  /** Names of files that have been taken up; since when one is not there any more. */
  readonly #known: Map<string, number | null>

  /** `known`: paths that were taken up before. */
  constructor(known: readonly string[]) {
    this.#known = new Map(known.map(path => [path, null]))
  }

  /**
   * Takes a listing. `whole`: files to be read now, older ones first. `gone`: names that need no longer be remembered, as who puts a file there
   * again means a new one; only of those in `read`, whose files are read to their end.
   */
  listed(
    files: readonly ListedFile[],
    read: ReadonlySet<string>,
    nowMs: number,
  ): { readonly whole: readonly ListedFile[]; readonly gone: readonly string[] } {
    const before = this.#seen
    this.#seen = new Map()
    const whole: ListedFile[] = []
    for (const file of files) {
      if (this.#known.has(file.path) || file.sizeBytes === 0) continue
      const mark = `${file.sizeBytes} ${file.modifiedMs} ${file.ends ?? ""}`
      if (before.get(file.path) === mark) whole.push(file)
      else this.#seen.set(file.path, mark)
    }
    whole.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1))
    const gone = this.#gone(new Set(files.map(({ path }) => path)), read, nowMs)
    for (const { path } of whole) this.#known.set(path, null)
    for (const path of gone) this.#known.delete(path)
    return { whole, gone }
  }

  #gone(there: ReadonlySet<string>, read: ReadonlySet<string>, nowMs: number): string[] {
    const gone: string[] = []
    for (const [path, sinceMs] of this.#known) {
      if (there.has(path)) {
        if (sinceMs !== null) this.#known.set(path, null)
      } else if (sinceMs === null) this.#known.set(path, nowMs)
      else if (nowMs - sinceMs >= goneForMs && read.has(path)) gone.push(path)
    }
    return gone
  }
}
