/** What cells showed, as it stands in the page: text in an `output` block, a table as Markdown, a chart as a picture in a file beside the page. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { chartFile } from "../view/chart-file.js"
import { truncate } from "../view/table.js"
import { differences } from "./compare.js"
import type { Cell, Under } from "./document.js"
import type { CellOutcome } from "./run-cells.js"

export interface Page {
  /** Pictures lie from here. */
  readonly directory: string
  /** The zone of their times. */
  readonly tz: string
}

/** The lines of what differs between what stands under the cell, or beside the page, and what it showed. */
export async function differencesOf(cell: Cell, outcome: CellOutcome, page: Page): Promise<string[]> {
  const { output, shown } = under(cell, outcome)
  const lines = [...differences(cell.output ?? "", output ?? ""), ...differences(cell.shown ?? "", shown ?? "")]
  const picture = await pictureOf(cell, outcome, page)
  if (picture === null) return lines
  if (!existsSync(picture.path)) return [...lines, `there is no ${picture.file}`]
  const drawn = differences(readFileSync(picture.path, "utf8"), picture.svg)
  return drawn.length === 0 ? lines : [...lines, `${picture.file} differs`, ...drawn.map(line => truncate(line, 160))]
}

/** What is to stand under the cell. */
export function under(cell: Cell, { output, rendered }: CellOutcome): Under {
  const { view } = cell
  const shown =
    rendered?.kind === "table"
      ? rendered.markdown
      : rendered?.kind === "chart" && view.kind === "plot"
        ? `![${caption(cell)}](${view.file})`
        : null
  return { output: output === "" ? null : output, shown }
}

/** Writes the picture that the cell drew, if it did. */
export async function writePicture(cell: Cell, outcome: CellOutcome, page: Page): Promise<void> {
  const picture = await pictureOf(cell, outcome, page)
  if (picture === null) return
  mkdirSync(dirname(picture.path), { recursive: true })
  writeFileSync(picture.path, picture.svg)
}

async function pictureOf(
  cell: Cell,
  { rendered }: CellOutcome,
  { directory, tz }: Page,
): Promise<{ file: string; path: string; svg: string } | null> {
  if (rendered?.kind !== "chart" || cell.view.kind !== "plot") return null
  const { file } = cell.view
  return { file, path: join(directory, file), svg: await chartFile(file, rendered.chart, caption(cell), tz) }
}

/** What the page's author wrote as the image's text is the picture's title; before he did, the file's name is. */
function caption({ shown, view }: Cell): string {
  const written = shown === null ? undefined : /^!\[([^\]]*)\]/.exec(shown)?.[1]
  return written ?? (view.kind === "plot" ? basename(view.file, ".svg").replaceAll(/[-_]/g, " ") : "")
}
