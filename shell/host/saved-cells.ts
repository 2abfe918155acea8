/**
 * A session's cells as a file: a program of what its definitions need, or a notebook of all that was asked, with what was shown.
 */
import { RivuletError } from "../../engine/errors.js"
import { outputBlock } from "../notebook/document.js"
import { freeWords } from "./free-words.js"
import { writeNew } from "./kept-answers.js"
import { expressionOf } from "./stream-source.js"

/** A cell that was run to its end. */
export interface RunCell {
  readonly text: string
  /** With `await` written out. */
  readonly written: string
  readonly declared: readonly string[]
  /** It made streams that have a name, or an output. */
  readonly defines: boolean
  /** What it showed, without stamps. */
  readonly output: string
}

const publicNames = [
  "readStream",
  "readHistory",
  "textFile",
  "parquetFile",
  "parallelize",
  "stream",
  "state",
  "union",
  "diff",
  "drained",
  "sum",
  "max",
  "min",
]

/** What runs on the cluster, beside what the cells say. */
export interface Around {
  /** What was adopted in place of what a cell declares under that name. */
  adopted(name: string): string | undefined
  /** Streams of others among these names, as a program that is not theirs has them. */
  others(names: readonly string[]): Promise<readonly OtherStream[]>
}

export interface OtherStream {
  readonly name: string
  /** `program/name` */
  readonly whole: string
  /** Of its handle, as the library names it: `Rivulet.DStream<Rivulet.AccessLog>`; undefined: nothing is known of its records. */
  readonly type: string | undefined
}

/** What it did, in a line. Rejects with a RivuletError of code 2 for another kind of file, or one that is there already. */
export async function saveCells(path: string, cells: readonly RunCell[], around: Around): Promise<string> {
  if (/\.md$/.test(path)) {
    writeNew(path, notebookOf(cells))
    return `${cells.length} cells with outputs in ${path}`
  }
  if (!/\.ts$/.test(path)) throw new RivuletError(`.save ${path}: neither .ts nor .md`, { code: 2, try: ".save cells.ts, .save cells.md" })
  const needed = neededCells(cells.map(cell => asAdopted(cell, around)))
  if (needed.length === 0) throw new RivuletError("no stream was defined here", { code: 2, try: ".save cells.md keeps the questions" })
  const others = await around.others(freeNames(needed))
  writeNew(path, programOf(needed, others))
  const shared = others.length === 0 ? "" : `; of the cluster's streams ${others.map(({ whole }) => whole).join(", ")}`
  return `${needed.length} of ${cells.length} cells in ${path}: what the definitions need${shared}`
}

/** A stream that has another definition by now is written with that. */
function asAdopted(cell: RunCell, { adopted }: Around): RunCell {
  let { written } = cell
  for (const name of cell.declared) {
    const [now, before] = [adopted(name), expressionOf(written, name)]
    if (now !== undefined && before !== undefined) written = written.replace(before, () => now)
  }
  return { ...cell, written }
}

/** The cells that define streams, and those that they are made of, in order. Of a name that was declared twice the last counts. */
export function neededCells(cells: readonly RunCell[]): RunCell[] {
  const wanted = new Set<string>()
  const declared = new Set<string>()
  const kept: RunCell[] = []
  for (const cell of [...cells].reverse()) {
    const fresh = cell.declared.filter(name => !declared.has(name))
    const needed = (cell.defines && (cell.declared.length === 0 || fresh.length > 0)) || fresh.some(name => wanted.has(name))
    for (const name of cell.declared) declared.add(name)
    if (!needed) continue
    kept.unshift(cell)
    for (const word of freeWords(cell.written)) wanted.add(word)
  }
  return kept
}

/** Words of the cells that nothing in them declares. */
function freeNames(cells: readonly RunCell[]): string[] {
  const own = new Set(cells.flatMap(({ declared }) => declared))
  return [...new Set(cells.flatMap(({ written }) => freeWords(written)))].filter(name => !own.has(name))
}

/** What cells declare is exported, and what they use of the library imported; what others have on the cluster is found by its name. */
export function programOf(cells: readonly RunCell[], others: readonly OtherStream[] = []): string {
  const found = others.map(finding)
  const used = new Set([...freeNames(cells), ...found.map(({ verb }) => verb)])
  const names = publicNames.filter(name => used.has(name) && !others.some(other => other.name === name))
  const types = [...new Set(found.flatMap(({ types }) => types))].sort().map(name => `type ${name}`)
  const imported = [...names, ...types]
  const imports = imported.length === 0 ? "" : `import { ${imported.join(", ")} } from "rivulet"\n\n`
  return `${imports}${[...found.map(({ line }) => line), ...cells.map(({ written }) => exported(written))].join("\n")}\n`
}

/** The line that finds another's stream: what nobody knows the type of is for its reader to say. */
function finding({ name, whole, type = "Rivulet.DStream<unknown>" }: OtherStream) {
  const [, kind = "", parameters = ""] = /^Rivulet\.(\w+)<([\s\S]*)>$/.exec(type) ?? []
  const verb = kind === "StateDStream" ? "state" : "stream"
  const asked = JSON.stringify(whole)
  const isSnapshot = kind === "SnapshotDStream"
  const plain = (text: string) => text.replaceAll("Rivulet.", "")
  const made = isSnapshot ? `${verb}(${asked}) as unknown as ${plain(type)}` : `${verb}<${plain(parameters)}>(${asked})`
  const types = [...(isSnapshot ? type : parameters).matchAll(/\bRivulet\.(\w+)/g)].map(match => match[1]!)
  return { verb, types, line: `const ${name} = ${made}` }
}

function exported(cell: string): string {
  return cell.replace(/^(const|let) /, "export $1 ")
}

/** Each cell with what stood under it. */
export function notebookOf(cells: readonly RunCell[]): string {
  return cells
    .map(({ text, output }) => {
      const ticks = "`".repeat(Math.max(3, ...[...text.matchAll(/^`{3,}/gm)].map(([run]) => run.length + 1)))
      return `${ticks}ts\n${text}\n${ticks}\n${output === "" ? "" : outputBlock(output)}`
    })
    .join("\n")
}
