/** Styles of the terminal, as text. `NO_COLOR` takes the colours; bold, dim and inverse say things that no colour says. */

const colour = process.env.NO_COLOR === undefined || process.env.NO_COLOR === ""

const wrap = (on: number, off: number) => (text: string) => (text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`)
const plain = (text: string) => text

export const bold = wrap(1, 22)
export const dim = wrap(2, 22)
export const inverse = wrap(7, 27)
const colors: Readonly<Record<string, number>> = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 }

/** By name; plain for one that is none. */
export function colored(name: string): (text: string) => string {
  const code = colors[name]
  return code === undefined || !colour ? plain : wrap(code, 39)
}

export const red = colour ? wrap(31, 39) : plain
export const yellow = colour ? wrap(33, 39) : plain
