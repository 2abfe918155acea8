/** Options that a person gives by name: a mistyped one must not look as if it were obeyed. */

import { RivuletError } from "../errors.js"
import { nearest } from "../nearest.js"

/** Whose options they are, as in `readStream has no option fromat`, and which there are. `hints`: what to type in place of some that people look for. */
export interface KnownOptions {
  readonly of: string
  readonly names: readonly string[]
  readonly hints?: Readonly<Record<string, string>>
}

/** Throws a RivuletError of code 2 for the first that is not there. */
export function checkOptions(given: object, { of, names, hints = {} }: KnownOptions): void {
  const unknown = Object.keys(given).find(name => !names.includes(name))
  if (unknown === undefined) return
  const meant = nearest(unknown, names)
  const there = names.join(", ")
  const other = names.length === 1 ? there : meant === undefined ? `one of ${there}` : `${meant} (there are ${there})`
  throw new RivuletError(`${of} has no option ${unknown}`, { code: 2, try: Object.hasOwn(hints, unknown) ? hints[unknown]! : other })
}
