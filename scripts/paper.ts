/**
 * The paper's figures on simulated clusters, into `docs/evaluation/`: for each the data (JSON), a picture (SVG), and a table in its README.
 *
 *   npm run paper                                    all of them; some minutes of CPU
 *   npm run paper -- --only stragglers,master-cost   those; the others stay as they are
 *   npm run paper -- --workers 100                   how far the scaling goes (default 8; the cost of a run grows with its square)
 *
 * The machines are the production ones; what takes time is a stated model (`docs/evaluation/README.md`), and random from a seed, so the
 * same figures come again. The master's CPU is measured, and is the machine's.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { type Figure, masterCost, recoveryByCheckpoints, recoveryBySize, stragglers } from "./paper/figures.js"
import { scaling } from "./paper/scaling.js"
import { number, svgOf } from "./paper/svg.js"

const { values: options } = parseArgs({
  options: { only: { type: "string" }, workers: { type: "string", default: "8" }, help: { type: "boolean", default: false } },
})
const mostWorkers = Number(options.workers)
if (!Number.isSafeInteger(mostWorkers) || mostWorkers < 1 || mostWorkers > 200) {
  console.error(`--workers ${options.workers} is not a whole number from 1 to 200`)
  process.exit(2)
}
const sizes = [1, 2, 4, 8, 16, 32, 64, 100, 200].filter(size => size <= mostWorkers)
const figures: Record<string, () => Figure> = {
  "recovery-by-checkpoint-interval": recoveryByCheckpoints,
  "recovery-by-cluster-size": recoveryBySize,
  stragglers,
  scaling: () => scaling(sizes),
  "master-cost": () =>
    masterCost([
      [10, 100, 10],
      [10, 1_000, 10],
      [100, 1_000, 100],
      [100, 10_000, 100],
    ]),
}
if (options.help) {
  console.log(`npm run paper -- [--only <figure>,<figure>] [--workers <n>]

  --only      of ${Object.keys(figures).join(", ")}; all of them without it
  --workers   how far the scaling goes, from 1 to 200; default 8

Writes the data, a picture and a table of each into docs/evaluation/.`)
  process.exit(0)
}
const asked = options.only?.split(",") ?? Object.keys(figures)
const unknown = asked.find(name => figures[name] === undefined)
if (unknown !== undefined) {
  console.error(`--only ${unknown}: there are ${Object.keys(figures).join(", ")}`)
  process.exit(2)
}

const directory = fileURLToPath(new URL("../docs/evaluation/", import.meta.url))
mkdirSync(directory, { recursive: true })
for (const name of asked) {
  const figure = figures[name]!()
  writeFileSync(
    join(directory, `${name}.json`),
    `${JSON.stringify({ ...figure, node: process.version, cpu: cpus()[0]?.model }, null, 1)}\n`,
  )
  writeFileSync(join(directory, `${name}.svg`), svgOf(figure))
  console.log(`\n${tableOf(figure)}`)
}

const readme = join(directory, "README.md")
const marker = "<!-- figures -->"
const [words] = readFileSync(readme, "utf8").split(marker)
const made = readdirSync(directory)
  .filter(name => name.endsWith(".json"))
  .sort()
  .map(name => JSON.parse(readFileSync(join(directory, name), "utf8")) as Figure)
writeFileSync(
  readme,
  `${words}${marker}\n\n${made.map(figure => `${tableOf(figure)}\n![${figure.title}](${figure.name}.svg)\n`).join("\n")}`,
)

/** As Markdown, which reads well in a terminal. */
function tableOf({ title, paper, x, y, lines }: Figure): string {
  const columns = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))]
  const rows = lines.map(({ name, points }) => {
    const cells = columns.map(at => {
      const point = points.find(([here]) => here === at)
      return point === undefined ? "" : number(point[1])
    })
    return `| ${name} | ${cells.join(" | ")} |`
  })
  const head = `| ${y}, by ${x} | ${columns.map(number).join(" | ")} |\n|---|${columns.map(() => "---|").join("")}`
  return `### ${title}\n\nThe paper, ${paper}.\n\n${head}\n${rows.join("\n")}\n`
}
