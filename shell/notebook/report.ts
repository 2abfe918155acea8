/** What became of notebooks, for a person, for CI's annotations (`::error`), and as JUnit's XML. */

export interface CellReport {
  /** From 1. */
  readonly cell: number
  /** Of its first line in the file. Null: its file has lines that nobody reads. */
  readonly line: number | null
  readonly ms: number
  /** Why it failed, its first line a headline. Null: it did not. */
  readonly problem: readonly string[] | null
  /** A cell before it failed, on which it stands: it did not run. */
  readonly skipped: boolean
}

export interface NotebookReport {
  readonly file: string
  readonly cells: readonly CellReport[]
  readonly ms: number
}

export function problemLines({ file, cells }: NotebookReport): string[] {
  return cells.flatMap(({ cell, line, problem }) =>
    problem === null ? [] : [`${file}  ${nameOf(cell, line)}  ${problem[0]}`, ...problem.slice(1).map(text => `  ${text}`)],
  )
}

function nameOf(cell: number, line: number | null): string {
  return line === null ? `cell ${cell}` : `cell ${cell} (line ${line})`
}

/** As GitHub's runners read it. */
export function annotationLines({ file, cells }: NotebookReport): string[] {
  const escaped = (text: string) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")
  const property = (text: string) => escaped(text).replaceAll(":", "%3A").replaceAll(",", "%2C")
  return cells.flatMap(({ cell, line, problem }) => {
    if (problem === null) return []
    const place = line === null ? `title=cell ${cell}` : `line=${line}`
    return [`::error file=${property(file)},${place}::${escaped(problem.join("\n"))}`]
  })
}

export function junit(reports: readonly NotebookReport[]): string {
  const suites = reports.map(({ file, cells, ms }) => {
    const cases = cells.map(({ cell, line, ms, problem, skipped }) => {
      const open = `    <testcase classname="${xml(file)}" name="${nameOf(cell, line)}" time="${ms / 1000}"`
      if (skipped) return `${open}>\n      <skipped message="a cell before it failed"/>\n    </testcase>\n`
      if (problem === null) return `${open}/>\n`
      return `${open}>\n      <failure message="${xml(problem[0]!)}">${xml(problem.join("\n"))}</failure>\n    </testcase>\n`
    })
    const failures = cells.filter(cell => cell.problem !== null).length
    const skipped = cells.filter(cell => cell.skipped).length
    const counts = `tests="${cells.length}" failures="${failures}" skipped="${skipped}"`
    return `  <testsuite name="${xml(file)}" ${counts} time="${ms / 1000}">\n${cases.join("")}  </testsuite>\n`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("")}</testsuites>\n`
}

function xml(text: string): string {
  const allowed = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd")
  return allowed.replace(/[<>&"]/g, sign => `&#${sign.charCodeAt(0)};`)
}
