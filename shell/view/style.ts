/**
 * Styles of the terminal, as text. `NO_COLOR` takes the colours; bold, dim and inverse say things that no colour says. The theme is the terminal's, as
 * its background is: one for all that is painted.
 */

const colour = process.env.NO_COLOR === undefined || process.env.NO_COLOR === ""

/** `dark` and `light`: of the background. `plain`: no colours. */
export const themes = ["dark", "light", "plain"] as const
export type Theme = (typeof themes)[number]
let theme: Theme = "dark"

/** For what is painted from now on. */
export function setTheme(next: Theme): void {
  theme = next
}

const wrap = (on: number, off: number) => (text: string) => (text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`)

export const bold = wrap(1, 22)
export const inverse = wrap(7, 27)
const faint = wrap(2, 22)
/** What is faint on black is hardly there on white. */
const grey = wrap(90, 39)
export const dim = (text: string): string => (theme === "light" && colour ? grey : faint)(text)

const colors: Readonly<Record<string, number>> = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 }
/** Yellow and cyan on white cannot be read. */
const onLight: Readonly<Record<string, number>> = { ...colors, yellow: 35, cyan: 34 }

/** By name; plain for one that is none. */
export function colored(name: string): (text: string) => string {
  return text => {
    const code = theme === "plain" || !colour ? undefined : (theme === "light" ? onLight : colors)[name]
    return code === undefined ? text : wrap(code, 39)(text)
  }
}

export const red = colored("red")
export const yellow = colored("yellow")
