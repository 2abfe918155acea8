/**
 * In which order the splits of an input's files are read, and taken.
 *
 * The problem: logs of several machines cover the same time, so that files read one after the other would be late one and all;
 * yet which records are late must follow from the files alone. The solution: each file has its own newest time. The next
 * split is taken from the file that is furthest behind; nothing is closed before every file has passed it; and whether a
 * record is late is a matter of its own file, before it. A file that has not been begun is as far as its first records say.
 *
 * A directory's new files are not known beforehand, and records without a time are never late: these are taken file by file.
 */

import type { ListedFile } from "../../engine/input/file-split.js"
import type { FileSplit } from "../../engine/rdd.js"

/** A file of an input, as journaled. */
export interface SourceFile extends ListedFile {
  /** The interval of its oldest record, as far as its first few say; absent: none of them has a time, or nobody has looked. */
  readonly begins?: number
}

/** Where a file is to be read on from: `newest` is what was known before this split; splits before `taken` have been taken once. */
export interface FilePosition {
  readonly file: number
  readonly split: number
  readonly taken: number
  readonly newest: number
}

interface Reading<T> {
  readonly index: number
  readonly file: SourceFile
  /** Infinity as long as it is not known. */
  splits: number
  nextRead: number
  nextTake: number
  takenBefore: number
  newest: number
  /** Of a compressed file: how much of it as it is has been read. */
  packedBytes: number
  readonly reading: Set<number>
  readonly done: Map<number, T>
  /** Splits taken of which there are blocks in no seal, ascending. */
  readonly waiting: Map<number, { blocks: number; readonly newest: number }>
}

export interface SplitName {
  readonly file: number
  readonly split: number
}

export interface Taken<T> extends SplitName {
  readonly done: T
  /** The newest time before it, by which its records are late or not. */
  readonly newest: number
}

/** What one that is behind the others may be ahead of its turn. */
const aheadOfTurn = 2
const openMost = 32

export class FileOrder<T> {
  readonly #splitBytes: number
  readonly #merged: boolean
  readonly #files: SourceFile[] = []
  /** The index of the first of `#files`. */
  #first: number
  /** Begun, and not at their end, or with blocks that wait for their seal. Ascending. */
  readonly #active = new Map<number, Reading<T>>()
  #begun: number
  /** Of files that are at their end. */
  #endedBytes = 0
  /** Splits taken so far. */
  taken = 0
  newest: number

  /** `first`: the index of the first of `files`. */
  constructor(
    files: readonly SourceFile[],
    first: number,
    about: { readonly splitBytes: number; readonly merged: boolean },
    at: { readonly begun: number; readonly positions: readonly FilePosition[]; readonly newest: number },
  ) {
    this.#splitBytes = about.splitBytes
    this.#merged = about.merged
    this.#files.push(...files)
    this.#first = first
    this.#begun = Math.max(at.begun, first)
    this.newest = at.newest
    for (let i = first; i < this.#begun; i++) this.#endedBytes += this.#file(i).sizeBytes
    for (const position of at.positions) {
      const reading = this.#open(position.file)
      reading.nextRead = position.split
      reading.nextTake = position.split
      reading.takenBefore = position.taken
      reading.newest = position.newest
      this.#endedBytes -= reading.file.sizeBytes
    }
  }

  /** More files have come. What is wholly in seals is let go. */
  add(files: readonly SourceFile[]): void {
    const [needed = this.#begun] = this.#active.keys()
    this.#files.splice(0, needed - this.#first)
    this.#first = needed
    this.#files.push(...files)
  }

  /** Whether every split of every file has been taken. */
  get allTaken(): boolean {
    if (this.#begun < this.#end) return false
    for (const reading of this.#active.values()) if (!atEnd(reading)) return false
    return true
  }

  /** Before it less the allowed disorder nothing can come any more that is not late. */
  get passed(): number {
    if (!this.#merged) return this.newest
    const next = this.#next()
    return next === null ? this.newest : next.newest
  }

  get doneBytes(): number {
    let bytes = this.#endedBytes
    for (const reading of this.#active.values()) {
      const { file, nextTake, packedBytes } = reading
      bytes += atEnd(reading) ? file.sizeBytes : Math.min(file.sizeBytes, file.packed ? packedBytes : nextTake * this.#splitBytes)
    }
    return bytes
  }

  get begun(): number {
    return this.#begun
  }

  get positions(): FilePosition[] {
    return [...this.#active.values()].map(({ index, nextTake, takenBefore, newest, waiting }) => {
      const [first] = waiting
      const taken = Math.max(takenBefore, nextTake)
      return first === undefined
        ? { file: index, split: nextTake, taken, newest }
        : { file: index, split: first[0], taken, newest: first[1].newest }
    })
  }

  /** The splits that should be read now, at most `ahead` at a time: those that are taken next come first. Each is given once. */
  *toRead(ahead: number): Generator<SplitName> {
    let reading = 0
    let open = 0
    for (const one of this.#active.values()) {
      reading += one.reading.size
      open += one.reading.size + one.done.size
    }
    const files = this.#inTurn()
    const alone = !this.#merged || files.length === 1
    const most = Math.max(2 * ahead, Math.min(files.length, openMost))
    for (const [turn, index] of files.entries()) {
      const one = this.#active.get(index) ?? this.#begin(index)
      const own = () => one.reading.size + one.done.size
      while (one.nextRead < one.splits && own() < (alone ? ahead : aheadOfTurn)) {
        // Who is furthest behind is never kept waiting by what was read of the others.
        if ((reading >= ahead || open >= most) && !(turn === 0 && own() === 0)) return
        const split = one.nextRead++
        one.reading.add(split)
        reading += 1
        open += 1
        yield { file: index, split }
      }
      if (reading >= ahead || open >= most) return
    }
  }

  split({ file: index, split }: SplitName): FileSplit {
    const file = this.#file(index)
    return splitOf(file, split * this.#splitBytes, this.#splitBytes)
  }

  /** A split has been read. False: it is not being read. */
  read(
    { file: index, split }: SplitName,
    done: T,
    unpacked: { readonly packedBytes: number; readonly plainBytes?: number } | undefined,
  ): boolean {
    const one = this.#active.get(index)
    if (one === undefined || !one.reading.delete(split)) return false
    one.done.set(split, done)
    if (unpacked === undefined) return true
    one.packedBytes = Math.max(one.packedBytes, unpacked.packedBytes)
    if (unpacked.plainBytes !== undefined) one.splits = Math.min(one.splits, Math.max(1, Math.ceil(unpacked.plainBytes / this.#splitBytes)))
    return true
  }

  /** The split whose turn it is, if it has been read. The caller tells by `saw` what there was in it. */
  take(): Taken<T> | null {
    const next = this.#next()
    if (next === null) return null
    const { index } = next
    const one = this.#active.get(index)
    const split = one?.nextTake ?? 0
    const done = one?.done.get(split)
    if (one === undefined || done === undefined) return null
    one.done.delete(split)
    one.nextTake += 1
    this.taken += 1
    if (!this.#merged && split >= one.takenBefore) one.newest = Math.max(one.newest, this.newest)
    return { file: index, split, done, newest: one.newest }
  }

  /** What came of a split that has just been taken: its newest time, and how many blocks wait for their seals. */
  saw({ file, split, newest: before }: Taken<T>, newest: number, blocks: number): void {
    const one = this.#active.get(file) as Reading<T>
    one.newest = Math.max(one.newest, newest)
    this.newest = Math.max(this.newest, newest)
    if (blocks > 0) one.waiting.set(split, { blocks, newest: before })
    this.#closeIfOver(one)
  }

  /** A block of the split is in a seal. */
  sealed({ file, split }: SplitName): void {
    const one = this.#active.get(file)
    const left = one?.waiting.get(split)
    if (one === undefined || left === undefined) return
    left.blocks -= 1
    if (left.blocks === 0) one.waiting.delete(split)
    this.#closeIfOver(one)
  }

  /** Splits that are being read. */
  *reading(): Generator<SplitName> {
    for (const { index, reading } of this.#active.values()) for (const split of reading) yield { file: index, split }
  }

  /** What has been read and not taken. */
  *untaken(): Generator<T> {
    for (const { done } of this.#active.values()) yield* done.values()
  }

  // ── files ──

  get #end(): number {
    return this.#first + this.#files.length
  }

  #file(index: number): SourceFile {
    return this.#files[index - this.#first] as SourceFile
  }

  #open(index: number): Reading<T> {
    const file = this.#file(index)
    const reading: Reading<T> = {
      index,
      file,
      splits: file.packed === undefined ? Math.ceil(file.sizeBytes / this.#splitBytes) : Number.POSITIVE_INFINITY,
      nextRead: 0,
      nextTake: 0,
      takenBefore: 0,
      newest: file.begins ?? Number.NEGATIVE_INFINITY,
      packedBytes: 0,
      reading: new Set(),
      done: new Map(),
      waiting: new Map(),
    }
    this.#active.set(index, reading)
    return reading
  }

  /** Files are begun in the order in which they are listed. */
  #begin(index: number): Reading<T> {
    let one = this.#active.get(this.#begun)
    while (this.#begun <= index) one = this.#open(this.#begun++)
    return one as Reading<T>
  }

  #closeIfOver(one: Reading<T>): void {
    if (!atEnd(one) || one.waiting.size > 0) return
    this.#active.delete(one.index)
    this.#endedBytes += one.file.sizeBytes
  }

  /** The file of which a split is to be taken next, with how far it is; null: all are taken. */
  #next(): { readonly index: number; readonly newest: number } | null {
    let best: { index: number; newest: number } | null = null
    for (const one of this.#active.values()) {
      if (atEnd(one)) continue
      if (best === null || one.newest < best.newest) best = { index: one.index, newest: one.newest }
      if (!this.#merged) return best
    }
    if (this.#begun < this.#end) {
      const newest = this.#file(this.#begun).begins ?? Number.NEGATIVE_INFINITY
      if (best === null || newest < best.newest) best = { index: this.#begun, newest }
    }
    return best
  }

  /** Files that are not at their end, by whose turn comes first; of those not begun as many as may be needed. */
  #inTurn(): number[] {
    const begun = [...this.#active.values()].filter(one => !atEnd(one))
    if (this.#merged) begun.sort((a, b) => a.newest - b.newest || a.index - b.index)
    const turns = begun.map(({ index, newest }) => ({ index, newest }))
    const more = Array.from({ length: Math.min(openMost, this.#end - this.#begun) }, (_, i) => this.#begun + i)
    for (const index of more) turns.push({ index, newest: this.#file(index).begins ?? Number.NEGATIVE_INFINITY })
    if (this.#merged) turns.sort((a, b) => (a.newest < b.newest ? -1 : a.newest > b.newest ? 1 : a.index - b.index))
    return turns.map(({ index }) => index)
  }
}

function atEnd({ nextTake, splits }: { readonly nextTake: number; readonly splits: number }): boolean {
  return nextTake >= splits
}

/** A piece of a file, of at most so many bytes of what it holds. */
export function splitOf({ path, sizeBytes, modifiedMs, ends, packed }: SourceFile, from: number, bytes: number): FileSplit {
  const to = packed === undefined ? Math.min(sizeBytes, from + bytes) : from + bytes
  return { path, from, to, sizeBytes, modifiedMs, ...(ends !== undefined && { ends }), ...(packed !== undefined && { packed }) }
}
