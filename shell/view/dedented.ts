/** Lines as they stand in a page: without the margin that the shell's screen gives, without blanks at line ends and blank lines around them. */
export function dedented(lines: readonly string[]): string {
  const all = lines.flatMap(line => line.split("\n")).map(line => line.trimEnd())
  const margin = Math.min(...all.filter(line => line !== "").map(line => /^ */.exec(line)![0].length))
  return all
    .map(line => line.slice(Number.isFinite(margin) ? margin : 0))
    .join("\n")
    .replace(/^\n+|\n+$/g, "")
}
