/** What an input's format does: a line to a record. */
export interface Format {
  /** The record of a line, without its line break. Throws (RivuletError, or whatever a user's function throws) on a line that is none. */
  parse(line: string): unknown
}
