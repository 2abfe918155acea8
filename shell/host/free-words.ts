/** Words of a cell that may be names from outside: cheap and rough, for what looks like one costs a question to the master. */

const quoted = /(["'])(?:\\.|(?!\1)[^\\\n])*\1/g
const comments = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g
const word = /(?<![.\w$])(?!\$\{)[A-Za-z_$][\w$]*/g
/** `x =>` and `(x, y) =>` */
const parameters = /(?:\(([^()]*)\)|([A-Za-z_$][\w$]*))\s*=>/g

/** All words but those of plain strings and comments, properties after a dot, and parameters of arrow functions. */
export function freeWords(cell: string): string[] {
  const code = cell.replace(quoted, '""').replace(comments, " ")
  const own = new Set<string>()
  for (const [, list, one] of code.matchAll(parameters)) for (const name of (list ?? one ?? "").match(word) ?? []) own.add(name)
  return (code.match(word) ?? []).filter(name => !own.has(name))
}
