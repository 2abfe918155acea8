/** Makes answers: promises with `cancel()` and `stamped()`. */

import type { Answer } from "./answer-types.js"
import type { Stamp } from "./shapes.js"

/** `run` has begun already: an action asks at once, awaited or not. */
export function answerOf<T>(run: Promise<{ value: T; stamp: Stamp }>, cancel: () => void): Answer<T> {
  const value = run.then(result => result.value)
  return Object.assign(value, {
    cancel,
    stamped: () => {
      // Who awaits the stamped form has seen the failure: the bare promise must not report it a second time.
      value.catch(() => {})
      return run
    },
  })
}

/** The same answer, seen through `f`. */
export function mapAnswer<T, U>(answer: Answer<T>, f: (value: T) => U): Answer<U> {
  return answerOf(
    answer.stamped().then(({ value, stamp }) => ({ value: f(value), stamp })),
    () => answer.cancel(),
  )
}

/** An answer that needs a second question, made of the first one's value. */
export function chainAnswer<T, U>(first: Answer<T>, next: (value: T) => Answer<U>): Answer<U> {
  let current: { cancel(): void } = first
  return answerOf(
    first.stamped().then(({ value }) => {
      const second = next(value)
      current = second
      return second.stamped()
    }),
    () => current.cancel(),
  )
}

/** Where the first question fails, `next` may ask a second one, and says by what it gives what is told. Null: the failure is. */
export function elseAnswer<T, U>(
  first: Answer<T>,
  next: (error: unknown) => { ask: Answer<U>; tell: (value: U) => Error } | null,
): Answer<T> {
  let current: { cancel(): void } = first
  return answerOf(
    first.stamped().catch(async error => {
      const second = next(error)
      if (second === null) throw error
      current = second.ask
      const told = second.tell(await second.ask)
      // It need not be over.
      second.ask.cancel()
      throw told
    }),
    () => current.cancel(),
  )
}
