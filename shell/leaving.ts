/** What people of other shells write to leave one. */
export function leaves(cell: string): boolean {
  return /^\s*(?:\.(?:exit|detach|quit)|exit|quit|\\q)\s*;?\s*$/.test(cell)
}
