/**
 * How far a followed file has been sent, so that each of its lines is in the stream once, however often the sender is killed and
 * started again. Pure: what is remembered, and what has to be remembered next, is text; who keeps it is `position-file`.
 *
 * The problem: a sender that dies does not know which of its last batches have arrived. The solution: which bytes a batch holds is on disk before
 * it is sent, and whoever goes on sends those bytes again under the same numbers, of the same session; the cluster admits a number
 * once (`cluster/master/admission.ts`). Numbers mean something to one cluster only: to another all that was not acknowledged is sent under new ones.
 */

/** A file as it is known again under another name: `head` is a hash of its first `headBytes`. */
export interface FileIdentity {
  readonly ino: number
  readonly headBytes: number
  readonly head: string
}

/** Bytes [from, to) of a file, which are batch `seq`. */
export interface Range {
  readonly seq: number
  readonly file: FileIdentity
  readonly from: number
  readonly to: number
}

type Entry =
  | { readonly kind: "session"; readonly cluster: string; readonly session: string }
  | { readonly kind: "file"; readonly file: FileIdentity }
  | { readonly kind: "grown"; readonly file: FileIdentity }
  | { readonly kind: "range"; readonly seq: number; readonly from: number; readonly to: number }
  | { readonly kind: "acked"; readonly through: number }

export class Position {
  #cluster = ""
  #session = ""
  #file: FileIdentity | null = null
  #at = 0
  #next = 1
  #unacked: Range[] = []

  /** Of what was remembered; its last line may be cut off, when nothing that it says was done yet. */
  static of(text: string): Position {
    const position = new Position()
    for (const line of text.split("\n").slice(0, -1)) position.#take(JSON.parse(line) as Entry)
    return position
  }

  /** Under which batches are numbered. */
  get session(): string {
    return this.#session
  }

  /** The file that is read, and how far; null: none yet. */
  get reading(): { readonly file: FileIdentity; readonly at: number } | null {
    return this.#file === null ? null : { file: this.#file, at: this.#at }
  }

  /** What was sent, or was about to be, and is not known to have arrived. In order. */
  get unacked(): readonly Range[] {
    return this.#unacked
  }

  /** All that is known, in as few words as will do: in place of what was remembered. */
  get text(): string {
    const entries: Entry[] = [{ kind: "session", cluster: this.#cluster, session: this.#session }]
    entries.push({ kind: "acked", through: (this.#unacked[0]?.seq ?? this.#next) - 1 })
    let file: FileIdentity | null = null
    for (const range of this.#unacked) {
      if (range.file !== file) entries.push({ kind: "file", file: range.file })
      file = range.file
      entries.push({ kind: "range", seq: range.seq, from: range.from, to: range.to })
    }
    if (this.#file !== null) {
      entries.push({ kind: "file", file: this.#file })
      if (this.#at > 0) entries.push({ kind: "range", seq: this.#next - 1, from: this.#at, to: this.#at })
    }
    return entries.map(lineOf).join("")
  }

  /** With that cluster. True: it is not the one of before, and what was not acknowledged has new numbers of `session`. */
  meet(cluster: string, session: string): boolean {
    if (cluster === this.#cluster) return false
    this.#cluster = cluster
    this.#session = session
    this.#unacked = this.#unacked.map((range, i) => ({ ...range, seq: i + 1 }))
    this.#next = this.#unacked.length + 1
    return true
  }

  /** That file is read from its beginning. Gives what is to be remembered. */
  opens(file: FileIdentity): string {
    return this.#says({ kind: "file", file })
  }

  /** The open file is known by more of its head. Gives what is to be remembered. */
  grows(file: FileIdentity): string {
    return this.#says({ kind: "grown", file })
  }

  /** What is read next of the open file is a batch. Gives it, and what is to be remembered before it is sent. */
  sends(bytes: number): { readonly range: Range; readonly text: string } {
    if (this.#file === null) throw new Error("no file is open")
    const range: Range = { seq: this.#next, file: this.#file, from: this.#at, to: this.#at + bytes }
    return { range, text: this.#says({ kind: "range", seq: range.seq, from: range.from, to: range.to }) }
  }

  /** All batches up to that number have arrived. Gives what is to be remembered, which need not be at once; empty: nothing new. */
  acked(through: number): string {
    if ((this.#unacked[0]?.seq ?? this.#next) > through) return ""
    return this.#says({ kind: "acked", through })
  }

  #says(entry: Entry): string {
    this.#take(entry)
    return lineOf(entry)
  }

  #take(entry: Entry): void {
    switch (entry.kind) {
      case "session":
        this.#cluster = entry.cluster
        this.#session = entry.session
        return
      case "file":
        this.#at = 0
        this.#file = entry.file
        return
      case "grown":
        this.#file = entry.file
        return
      case "range":
        if (this.#file === null) throw new Error("a batch of no file")
        if (entry.to > entry.from) this.#unacked.push({ seq: entry.seq, file: this.#file, from: entry.from, to: entry.to })
        this.#at = entry.to
        this.#next = entry.seq + 1
        return
      case "acked":
        this.#unacked = this.#unacked.filter(({ seq }) => seq > entry.through)
        this.#next = Math.max(this.#next, entry.through + 1)
    }
  }
}

const lineOf = (entry: Entry): string => `${JSON.stringify(entry)}\n`
