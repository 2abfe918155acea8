/** A property of random programs: held against a few by the tests, always the same ones; against thousands of others by `npm run programs`. */

import fc from "fast-check"

export interface Property {
  readonly name: string
  /** Against so many programs, or as many as go into the time. `path` leads at once to the one that failed. */
  tried(options: { readonly count: number; readonly seed: number; readonly path?: string; readonly ms?: number }): Promise<Found>
}

export interface Found {
  readonly tried: number
  /** What failed, made as small as it gets, and how to have it again. Null: the property holds for all of them. */
  readonly failure: string | null
}

export function property<T>(name: string, programs: fc.IAsyncPropertyWithHooks<T>): Property {
  return {
    name,
    tried: async ({ count, seed, path, ms }) => {
      // What was made small once need not be again.
      const limits = { ...(path !== undefined && { path, endOnFailure: true }), ...(ms !== undefined && { interruptAfterTimeLimit: ms }) }
      const found = await fc.check(programs, { numRuns: count, seed, ...limits })
      if (found.counterexample === null) return { tried: found.numRuns, failure: null }
      const { message, details } = found.errorInstance as { message: string; details?: string }
      const again = `npm run programs -- --only ${name} --seed ${found.seed} --path ${found.counterexamplePath}`
      return { tried: found.numRuns, failure: `${message}\n${details ?? ""}\n${fc.stringify(found.counterexample)}\n\n  ${again}\n` }
    },
  }
}

/** For a test: the same few programs each time. */
export async function holds({ tried }: Property, count: number, seed: number): Promise<void> {
  const { failure } = await tried({ count, seed })
  if (failure !== null) throw new Error(failure)
}
