/**
 * Does it with every one. What throws does not keep the rest from their turn: they have been taken from where they waited, and nobody
 * would come back to them. The first error is thrown at the end.
 */
export function eachOf<T>(all: Iterable<T>, work: (one: T) => void): void {
  const errors: unknown[] = []
  for (const one of all) {
    try {
      work(one)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
