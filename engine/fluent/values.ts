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
  ip: string
  user: string | null
  time: Date
  method: string
  url: string
  status: number
  bytes: number
  referrer: string | null
  agent: string | null
}

/** Built-in formats of an input and the type of their records. */
export interface Formats {
  text: string
  combined: AccessLog
  json: unknown
  csv: Record<string, string>
}

/** A key whose state differs between two times. `delta` (numbers only) counts an absent side as 0. */
export type Change<K, S> = { key: K; before: S | undefined; after: S | undefined } & (S extends number ? { delta: number } : {})
