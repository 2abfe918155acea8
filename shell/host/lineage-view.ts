/** Lineage and plans as lines of text. */
import type { Explain, Lineage } from "../../engine/fluent/types.js"

/** A tree, a step a line: where it lies, and where lineage ends because two workers hold it. */
export function lineageLines(root: Lineage): string[] {
  const lines: string[] = []
  const walk = (node: Lineage, lead: string, below: string): void => {
    const notes = [node.checkpoint ? "CHECKPOINT: lineage ends here" : "", node.worker ?? ""].filter(note => note !== "").join(" · ")
    lines.push(`${lead}${node.rdd}${notes === "" ? "" : `   ${notes}`}`)
    node.parents.forEach((parent, i) => {
      const last = i === node.parents.length - 1
      walk(parent, `${below}${last ? "└─ " : "├─ "}`, `${below}${last ? "   " : "│  "}`)
    })
  }
  walk(root, "  ", "  ")
  return lines
}

/** A line a stage, parents first; the operators that run as closures with why. */
export function explainLines({ stages }: Explain): string[] {
  return stages.flatMap((stage, i) => [
    `  ${i + 1}  ${stage.operators.map(({ name, path }) => (path === "compiled" ? `${name} (compiled)` : name)).join(" → ")}`,
    ...stage.operators.filter(({ why }) => why !== undefined).map(({ name, why }) => `     ${name}: ${why}`),
  ])
}
