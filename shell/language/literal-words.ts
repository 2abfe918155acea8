/**
 * `Type 'number' is not assignable to type '1'`: of a pair that `as const` has made, where values are reduced. Says what to leave out;
 * undefined for other messages.
 */
export function literalWords(message: string): string | undefined {
  const [, wide, literal] =
    /^Type '(number|string|boolean)' is not assignable to type '(-?\d[^']*|"[^"]*"|true|false)'\.?$/.exec(message) ?? []
  return wide === undefined
    ? undefined
    : `the value can only be ${literal} by its type, this gives any ${wide}: without \`as const\`, [key, ${literal}] is a pair with a ${wide}`
}
