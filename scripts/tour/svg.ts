/** A terminal's screens as one picture that plays: each screen is drawn once and shown for its time, again and again, without a script. */
import type xterm from "@xterm/headless"
import { escaped } from "../paper/svg.js"

const [cellWidth, cellHeight, fontSize] = [8.43, 19, 14]
const padding = 14
const background = "#15181e"
const foreground = "#d5d9e0"
/** The sixteen of a terminal: dark, then bright. */
const palette = [
  ...["#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d5d9e0"],
  ...["#6b7482", "#ef7f88", "#a9d48a", "#f0cd88", "#7bbdf5", "#d38ce6", "#6cc7d2", "#ffffff"],
]

/** Cells of one look, side by side in a row. */
export interface Run {
  readonly column: number
  readonly cells: number
  readonly text: string
  readonly colour: string
  readonly fill: string | null
  readonly bold: boolean
  readonly dim: boolean
}

export interface Screen {
  /** From the top; a row of blanks is empty. */
  readonly rows: readonly (readonly Run[])[]
  readonly ms: number
}

/** What the terminal shows now. */
export function rowsOf({ buffer, rows, cols }: xterm.Terminal): Run[][] {
  return Array.from({ length: rows }, (_, y) => {
    const line = buffer.active.getLine(buffer.active.viewportY + y)
    const runs: { -readonly [K in keyof Run]: Run[K] }[] = []
    for (let x = 0; x < cols; x++) {
      const cell = line?.getCell(x)
      // The right half of a wide character is none of its own.
      if (cell === undefined || cell.getWidth() === 0) continue
      let colour = cell.isFgDefault() ? foreground : colourOf(cell.getFgColor(), cell.isFgRGB())
      let fill = cell.isBgDefault() ? null : colourOf(cell.getBgColor(), cell.isBgRGB())
      if (cell.isInverse()) [colour, fill] = [fill ?? background, colour]
      const look = { colour, fill, bold: cell.isBold() !== 0, dim: cell.isDim() !== 0 }
      const text = cell.getChars() || " "
      const last = runs.at(-1)
      if (last && last.colour === colour && last.fill === fill && last.bold === look.bold && last.dim === look.dim) {
        last.text += text
        last.cells += cell.getWidth()
      } else runs.push({ column: x, cells: cell.getWidth(), text, ...look })
    }
    return runs.flatMap(run => (run.fill === null ? trimmed(run) : [run]))
  })
}

/** Without the blanks around it; nothing of a run of blanks. */
function trimmed(run: Run): Run[] {
  const text = run.text.trim()
  if (text === "") return []
  const [before, after] = [run.text.indexOf(text), run.text.length - run.text.trimEnd().length]
  return [{ ...run, text, column: run.column + before, cells: run.cells - before - after }]
}

function colourOf(colour: number, isRgb: boolean): string {
  if (isRgb) return `#${colour.toString(16).padStart(6, "0")}`
  if (colour < 16) return palette[colour]!
  if (colour >= 232) return hex([8 + (colour - 232) * 10, 8 + (colour - 232) * 10, 8 + (colour - 232) * 10])
  const level = (n: number) => (n === 0 ? 0 : 55 + 40 * n)
  const n = colour - 16
  return hex([level(Math.floor(n / 36)), level(Math.floor(n / 6) % 6), level(n % 6)])
}

const hex = (parts: readonly number[]) => `#${parts.map(part => part.toString(16).padStart(2, "0")).join("")}`

export function filmOf(screens: readonly Screen[], { columns, rows, title }: { columns: number; rows: number; title: string }): string {
  const width = Math.ceil(columns * cellWidth + 2 * padding)
  const height = rows * cellHeight + 2 * padding
  const totalMs = screens.reduce((sum, { ms }) => sum + ms, 0)
  // Rows that several screens share are drawn once.
  const drawn = new Map<string, string>()
  const frames: string[] = []
  const rules: string[] = []
  let fromMs = 0
  screens.forEach(({ rows, ms }, i) => {
    const uses = rows.flatMap((runs, y) => {
      const markup = runs.map(runMarkup).join("")
      if (markup === "") return []
      const id = drawn.get(markup) ?? `r${drawn.size}`
      drawn.set(markup, id)
      return [`<use href="#${id}" y="${y * cellHeight}"/>`]
    })
    frames.push(`<g class="s s${i}">${uses.join("")}</g>`)
    const [from, to] = [fromMs, fromMs + ms].map(at => ((100 * at) / totalMs).toFixed(3))
    rules.push(
      `@keyframes s${i}{0%{opacity:${i === 0 ? 1 : 0}}${from}%{opacity:1}${to}%{opacity:${i === screens.length - 1 ? 1 : 0}}100%{opacity:0}}.s${i}{animation-name:s${i}}`,
    )
    fromMs += ms
  })
  const defs = [...drawn].map(([markup, id]) => `<g id="${id}">${markup}</g>`)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="${fontSize}" role="img" xml:space="preserve">`,
    `<title>${escaped(title)}</title>`,
    `<style>text{white-space:pre}.s{opacity:0;animation-duration:${totalMs}ms;animation-timing-function:step-end;animation-iteration-count:infinite}${rules.join("")}@media(prefers-reduced-motion:reduce){.s{animation:none}.s${screens.length - 1}{opacity:1}}</style>`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    `<defs>`,
    ...defs,
    `</defs>`,
    `<g transform="translate(${padding} ${padding})">`,
    ...frames,
    `</g>`,
    `</svg>`,
    "",
  ].join("\n")
}

function runMarkup({ column, cells, text, colour, fill, bold, dim }: Run): string {
  const x = (column * cellWidth).toFixed(1)
  const width = (cells * cellWidth).toFixed(1)
  const behind = fill === null ? "" : `<rect x="${x}" width="${width}" height="${cellHeight}" fill="${fill}"/>`
  if (text.trim() === "") return behind
  const look = `${bold ? ' font-weight="bold"' : ""}${dim ? ' opacity=".6"' : ""}`
  // The viewer's font may be wider or narrower than the cells: its characters are fitted into them.
  return `${behind}<text x="${x}" y="14" textLength="${width}" lengthAdjust="spacingAndGlyphs" fill="${colour}"${look}>${escaped(text)}</text>`
}
