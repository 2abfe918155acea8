/** A directory that is listed again and again: which of its files are new and whole, and which names may be used anew. */

import type { ListedFile, PinnedFile } from "../../engine/input/file-split.js"

/** A name that has been taken up. */
interface Known {
  /** As it was when it was taken up, or seen first by this master; null: not seen yet. */
  as: PinnedFile | null
  /** Since when it is not there any more. */
  goneSinceMs: number | null
  /** That it is another file by now was said. */
  told: boolean
}

/** A name that was read is remembered as long as the file is there, and so much longer. */
const goneForMs = 60_000

export class WatchedDirectory {
  /** Files that were there when it was listed last and are not read yet. Once one has not changed in between it is whole. */
  #seen = new Map<string, string>()
  readonly #known: Map<string, Known>

  /** `known`: paths that were taken up before. */
  constructor(known: readonly string[]) {
    this.#known = new Map(known.map(path => [path, unseen()]))
  }

  /**
   * Takes a listing. `whole`: files to be read now, older ones first. `gone`: names that need no longer be remembered, as who puts a file there
   * again means a new one; only of those in `read`, whose files are read to their end. `changed`: what has become of files that had been taken up, each once.
   */
  listed(
    files: readonly ListedFile[],
    read: ReadonlySet<string>,
    nowMs: number,
  ): { readonly whole: readonly ListedFile[]; readonly gone: readonly string[]; readonly changed: readonly string[] } {
    const before = this.#seen
    this.#seen = new Map()
    const whole: ListedFile[] = []
    const changed: string[] = []
    for (const file of files) {
      const known = this.#known.get(file.path)
      if (known !== undefined) {
        if (isOther(known, file))
          changed.push(`${file.path} is another file than was read: it had ${known.as!.sizeBytes} bytes and has ${file.sizeBytes}`)
        continue
      }
      if (file.sizeBytes === 0) continue
      const mark = `${file.sizeBytes} ${file.modifiedMs} ${file.ends ?? ""}`
      if (before.get(file.path) === mark) whole.push(file)
      else this.#seen.set(file.path, mark)
    }
    whole.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1))
    const gone = this.#gone(new Set(files.map(({ path }) => path)), read, nowMs)
    for (const file of whole) this.#known.set(file.path, { as: file, goneSinceMs: null, told: false })
    for (const path of gone) this.#known.delete(path)
    return { whole, gone, changed }
  }

  #gone(there: ReadonlySet<string>, read: ReadonlySet<string>, nowMs: number): string[] {
    const gone: string[] = []
    for (const [path, known] of this.#known) {
      if (there.has(path)) known.goneSinceMs = null
      else if (known.goneSinceMs === null) known.goneSinceMs = nowMs
      else if (nowMs - known.goneSinceMs >= goneForMs && read.has(path)) gone.push(path)
    }
    return gone
  }
}

const unseen = (): Known => ({ as: null, goneSinceMs: null, told: false })

/** Whether it is not what was taken up, and nobody was told. A file that was only touched is what it was. */
function isOther(known: Known, { sizeBytes, modifiedMs, ends }: PinnedFile): boolean {
  const { as } = known
  known.as ??= { sizeBytes, modifiedMs, ...(ends !== undefined && { ends }) }
  if (as === null || known.told) return false
  const same = as.sizeBytes === sizeBytes && (as.ends === undefined || ends === undefined ? as.modifiedMs === modifiedMs : as.ends === ends)
  known.told = !same
  return !same
}
