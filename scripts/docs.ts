/**
 * Runs the code blocks of the pages that users read (README.md, docs/), and checks their links; `npm run tidy` checks the links of all pages.
 *
 *   npm run pages                 all
 *   npm run pages -- sources      pages whose path contains the word
 */
import { checkPage, isRun, pagesOf } from "./docs/links.js"
import { runPage } from "./docs/run.js"
import { root } from "./places.js"

const words = process.argv.slice(2)
const pages = (await pagesOf(root)).filter(isRun).filter(page => words.length === 0 || words.some(word => page.includes(word)))
let breaches = 0
for (const page of pages) {
  const startedMs = performance.now()
  const found = [...checkPage(root, page), ...(await runPage(root, page))]
  for (const breach of found) console.log(breach)
  console.log(`${found.length === 0 ? "ok  " : "FAIL"} ${page}  ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  breaches += found.length
}
if (pages.length === 0) console.log(`no page matches ${words.join(" ")}`)
process.exit(breaches > 0 || pages.length === 0 ? 1 : 0)
