/** Where a debugger stops: a file of its own, for all around it is bundled, and nobody can read that. */
export function stopHere(yours: (...args: never[]) => unknown, args: never[]): unknown {
  // biome-ignore lint/suspicious/noDebugger: it is what this is for
  debugger
  // Step into it: this is your function.
  return yours(...args)
}
