/** Text put together from pieces of another, so that every place in it leads back to where it came from. */

export interface Piece {
  readonly text: string
  /** Its offset in the source; null for what was put in. */
  readonly from: number | null
}

/** Replaces `[from, to)` of the source; an insertion when the two are equal. */
export interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

export class EditedText {
  readonly #source: string
  #edits: Edit[] = []

  constructor(source: string) {
    this.#source = source
  }

  add(edit: Edit): void {
    this.#edits.push(edit)
  }

  /**
   * The source of `[from, to)` with the edits that lie in it, which are used up.
   * @param without characters to leave out, because others that were put in stand for them
   */
  take(from: number, to: number, without?: RegExp): Piece[] {
    const isInside = (edit: Edit): boolean => edit.from >= from && edit.to <= to
    const inside = this.#edits.filter(isInside).map((edit, order) => ({ edit, order }))
    this.#edits = this.#edits.filter(edit => !isInside(edit))
    // At one place ends come before beginnings; of several ends the inner first, of several beginnings the outer first.
    inside.sort(
      (a, b) => a.edit.from - b.edit.from || rank(a.edit) - rank(b.edit) || (rank(a.edit) === 0 ? a.order - b.order : b.order - a.order),
    )
    const pieces: Piece[] = []
    let at = from
    for (const { edit } of inside) {
      if (edit.from > at) pieces.push({ text: this.#source.slice(at, edit.from), from: at })
      pieces.push({ text: edit.text, from: null })
      at = edit.to
    }
    if (to > at) {
      const text = this.#source.slice(at, to)
      pieces.push({ text: without ? text.replace(without, " ") : text, from: at })
    }
    return pieces
  }
}

/** 0 for what closes, 1 for what opens, 2 for what stands in the place of the source. */
function rank(edit: Edit): number {
  return edit.to > edit.from ? 2 : edit.text.startsWith(")") ? 0 : 1
}

/** The source's offset of an offset in the joined pieces: of the next piece of the source when it lies in another. */
export function locate(pieces: readonly Piece[], offset: number): number {
  let at = 0
  let nearest = 0
  for (const [index, piece] of pieces.entries()) {
    const isHere = offset < at + piece.text.length
    if (piece.from !== null) {
      if (isHere) return piece.from + Math.max(0, offset - at)
      nearest = piece.from + piece.text.length
    } else if (isHere) return pieces.slice(index).find(one => one.from !== null)?.from ?? nearest
    at += piece.text.length
  }
  return nearest
}
