/** A stored answer as the pager has it: texts by column. What was asked stays with the host; nothing is asked again. */

/** `numbers`: what the column is sorted by; without them by its texts. */
export interface PagedColumn {
  readonly title: string
  readonly right: boolean
  readonly cells: readonly string[]
  readonly numbers?: readonly number[]
}

export interface PagedAnswer {
  /** `Out[3]`, or the name of what a cell declared. */
  readonly name: string
  readonly columns: readonly PagedColumn[]
  readonly rows: number
  /** When and where it comes from, as under the answer. */
  readonly stamp: string
}
