/** What a user's function may give back, and how records are put in order. Types only. */

/** Anything that a record can be. */
export type Plain = {} | null | undefined
/** Makes TypeScript infer `[v.url, 1]` as `[string, number]` without a helper or `as const`. */
export type Tuple = [Plain | [Plain, ...Plain[]], ...(Plain | [Plain, ...Plain[]])[]]
/** What a function may give back. */
export type Value = Tuple | Plain
/** What `top`, `takeOrdered` and `sortBy` compare. */
export type By<T> = (value: T) => number | string | bigint | Date

/** A line of an access log in the combined (or common) format. `user` and `referrer` are null where the log says `-`. */
export interface AccessLog {
  /** Who asked: an address, or a host's name. */
  ip: string
  /** As whom; null: `-`. */
  user: string | null
  /** When, to the second. */
  time: Date
  /** `GET` … */
  method: string
  /** With its query, as it was asked for. */
  url: string
  /** Of the answer: 200 … */
  status: number
  /** Of the answer's body; `-` is 0. */
  bytes: number
  /** Null: `-`, or the line has none. */
  referrer: string | null
  /** The browser; null: the line has none. Of a line that was cut off, what there is. */
  agent: string | null
}

/** Built-in formats of an input and the type of their records. */
export interface Formats {
  /** Lines. */
  text: string
  /** Of web servers: Apache's and nginx's. */
  combined: AccessLog
  /** A value a line. */
  json: unknown
  /** Texts by column: by the names that `header` gives, else `_1`, `_2` … */
  csv: Record<string, string>
}

/** A key whose state differs between two times. */
export type Change<K, S> = {
  /** As its stream has it. */
  key: K
  /** Its state at the first time; undefined: it had none. */
  before: S | undefined
  /** Its state at the second time; undefined: it has none any more. */
  after: S | undefined
} & (S extends number
  ? {
      /** How much more it is; an absent side counts as 0. */
      delta: number
    }
  : {})
