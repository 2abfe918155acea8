/** Links and files that the pages name are there; and the check of a page's links and code finds what is wrong with it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { blocksOf, commandsOf, typedCells } from "../../scripts/docs/blocks.js"
import { checkPage, pagesOf } from "../../scripts/docs/links.js"
import { matches, runPage } from "../../scripts/docs/run.js"
import { root } from "../../scripts/places.js"
import { demoCells, demoTour } from "../../shell/demo/tour.js"

const fence = "```"
const directory = mkdtempSync(join(tmpdir(), "rivulet-pages-"))
test.after(() => rmSync(directory, { recursive: true, force: true }))

test("blocks say what they are", () => {
  const page = `# T\n\n${fence}ts\n1\n${fence}\n- x\n\n  ${fence}sh\n  a\n  ${fence}\n\n${fence}ts file=a/b.ts\n2\n${fence}\n\n    indented\n`
  assert.equal(
    blocksOf(page).map(({ kind, line, text }) => [kind, line, text]),
    [
      ["cell", 3, "1"],
      ["commands", 8, "a"],
      ["file", 12, "2"],
      ["unmarked", 16, "indented"],
    ],
  )
})

test("what is typed at the prompt, and the words of commands", () => {
  const block = (text: string) => ({ kind: "shown", line: 1, words: ["sh"], text }) as const
  assert.equal(typedCells(block("local> a\n       .b()\n  12\nlocal> .watch c")), ["a\n.b()", ".watch c"])
  const words = commandsOf(block("tail -F 'a b' | npx rivulet send views  # why\nrivulet query 'a > b' && x")).map(({ words }) => words)
  assert.equal(words, [["tail", "-F", "'a_b'"], ["npx", "rivulet", "send", "views"], ["rivulet", "query", "'a___b'"], ["x"]])
})

test("an ellipsis stands for what differs", () => {
  const cases: [pattern: string, text: string, same: boolean][] = [
    ["a\nb", "a\nb\n", true],
    ["a\n…\nd", "a\nb\nc\nd", true],
    ["a … ms", "a 12 ms", true],
    ["a", "a\nb", false],
    ["a.c", "abc", false],
  ]
  for (const [pattern, text, same] of cases) assert.is(matches(pattern, text), same, pattern)
})

test("what is wrong with a page is found", async () => {
  mkdirSync(join(directory, "docs"))
  mkdirSync(join(directory, "notebooks"))
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"))
  writeFileSync(join(directory, "package.json"), '{ "scripts": { "test": "" } }')
  const page = [
    "# A heading, with a comma\n\n[a](#a-heading-with-a-comma) [b](#no) [c](../docs/x.md) [d](gone.md)",
    "`engine/{time,gone}`",
    `${fence}sh shown\nnpm run gone && npm test\n${fence}`,
    "    indented",
    `${fence}ts\n1 + 1\n${fence}\n${fence}output\n3\n${fence}`,
    `${fence}ts file=x.ts\nconst n: number = "a"\n${fence}`,
    `${fence}sh\necho a\n${fence}\n${fence}output\nb\n${fence}`,
  ]
  writeFileSync(join(directory, "docs/x.md"), page.join("\n\n"))
  assert.equal(await pagesOf(directory), ["docs/x.md"])
  assert.equal(checkPage(directory, "docs/x.md"), [
    "docs/x.md:3  #no: docs/x.md has no heading of that name",
    "docs/x.md:3  gone.md: there is no docs/gone.md",
    "docs/x.md:5  there is no engine/{time,gone}",
    "docs/x.md:8  npm has no script gone",
    "docs/x.md:11  a code block that says not what it is: ts, ts file=x.ts, sh, sh shown, console, output, text",
  ])
  const found = await runPage(directory, "docs/x.md")
  assert.is(found.length, 3, found.join("\n"))
  assert.match(found[0]!, /x\.md:20 {2}.*x\.ts:1:7 {2}Type 'string' is not assignable to type 'number'/)
  assert.match(found[1]!, /x\.md {2}cell 1 \(line 14\) {2}output differs\n {2}- 3\n {2}\+ 2/)
  assert.match(found[2]!, /x\.md:27 {2}the commands printed\na/)
})

test("commands that hide how they end, and programs that no command runs, are run to where they fail", async () => {
  const sh = (text: string) => `${fence}sh\n${text}\n${fence}`
  const pages: [page: string, found: RegExp][] = [
    [`${sh("exit 0")}\n\n${sh("echo a")}`, /ended before their last/],
    [`${sh("false && true")}\n\n${sh("echo a")}`, /z\.md:1 {2}the commands ended with 1/],
    [`${sh("set +e")}\n\n${sh("false\necho a")}`, /z\.md:5 {2}the commands ended with 1/],
    [sh("rivulet frobnicate & wait"), /rivulet has no frobnicate/],
    [`${fence}sh shown\nA=1 sudo rivulet frobnicate\n${fence}`, /rivulet has no frobnicate/],
    [
      `${fence}ts file=p.ts\nimport { readStream } from "rivulet"\nexport const a = readStream("a", "0s")\n${fence}`,
      /z\.md:1 {2}the program ended with 1: .*0s/s,
    ],
  ]
  for (const [text, found] of pages) {
    writeFileSync(join(directory, "docs/z.md"), `${text}\n`)
    assert.match((await runPage(directory, "docs/z.md")).join("\n") || "nothing", found, text)
  }
  rmSync(join(directory, "docs/z.md"))
})

test("a block that nobody runs and that does not say so is found, wherever it stands", () => {
  for (const folder of ["decisions", "deeper"]) mkdirSync(join(directory, "docs", folder))
  const block = (words: string, text = "a") => `${fence}${words}\n${text}\n${fence}`
  const cell = block("ts", "1")
  const nobody = /nobody runs/
  const cases: [page: string, text: string, breach: RegExp | null][] = [
    ["docs/y.md", [cell, block("output"), block("sh"), block("output"), block("text"), block("ts file=a.ts")].join("\n"), null],
    ["docs/y.md", block("ts throws"), null],
    ["docs/y.md", block(""), /says not what it is/],
    ["docs/y.md", block("js"), /says not what it is/],
    ["docs/y.md", "    indented", /says not what it is/],
    ["docs/y.md", block("ts shown"), nobody],
    ["docs/y.md", block("ts skip"), nobody],
    ["docs/y.md", block("typescript"), /says not what it is/],
    ["docs/y.md", `- a\n\n${block("ts").replace(/^/gm, "  ")}`, nobody],
    ["docs/y.md", `> ${block("ts").replaceAll("\n", "\n> ")}`, nobody],
    ["docs/y.md", block("output"), /below no cell/],
    ["docs/y.md", `${cell}\n\nText.\n\n${block("output")}`, /below no cell/],
    ["docs/y.md", `${cell}\n${block("output")}\n${block("output", "b")}`, /below no cell/],
    ["docs/y.md", `${block("text")}\n${block("output", "b")}`, /below no cell/],
    ["docs/y.md", `${block("ts file=a.ts")}\n${block("output", "b")}`, /below no cell/],
    ["docs/y.md", `${block("console", "local> 1")}\n${block("output", "b")}`, /below no cell/],
    ["docs/y.md", block("console", "prod> counts.top(3)"), /nothing is typed/],
    ["docs/y.md", block("text", "npx rivulet frobnicate"), /nobody runs, as text/],
    ["docs/y.md", block("text", "  a drawing\n$ rivulet query 1"), /nobody runs, as text/],
    ["docs/y.md", block("text", 'const views = readStream("views", "1s")'), /nobody runs, as text/],
    ["docs/y.md", "<pre>\nrivulet query 1\n</pre>", /code as HTML/],
    ["docs/y.md", 'A <a href="gone.md">page</a> and <img src=gone.svg>', /no docs\/gone\.md[\s\S]*no docs\/gone\.svg/],
    ["docs/y.md", "See [the other][nowhere].", /a link to what is not defined/],
    ["docs/y.md", "See [this one][here].\n\n[here]: y.md", null],
    ["docs/deeper/y.md", block(""), /says not what it is/],
    ["notebooks/y.md", `${cell}\n${block("output")}\n${block("sh shown", "rivulet --help")}`, null],
    ["notebooks/y.md", block("sh"), nobody],
    ["notebooks/y.md", block("ts file=a.ts"), nobody],
    ["notebooks/y.md", block(""), /says not what it is/],
    ["docs/decisions/0001-y.md", cell, nobody],
    ["docs/decisions/0001-y.md", block("sh"), nobody],
    ["docs/decisions/0001-y.md", block(""), /says not what it is/],
    ["CONTRIBUTING.md", block("console"), nobody],
    ["README.md", block("console", "local> 1"), null],
  ]
  for (const [page, text, breach] of cases) {
    writeFileSync(join(directory, page), `${text}\n`)
    const found = checkPage(directory, page)
    if (breach === null) assert.equal(found, [], `${page}\n${text}`)
    else assert.match(found.join("\n") || "nothing", breach, `${page}\n${text}`)
    rmSync(join(directory, page))
  }
})

for (const page of await pagesOf(root)) test(`links of ${page}`, () => assert.equal(checkPage(root, page), []))

test("the recorded tour is the one that the shell offers", () => {
  // Spaces between colours are drawn as nothing; a row may be cut by the panel's width.
  const bare = (text: string) =>
    text
      .replace(/<[^>]*>/g, "")
      .replaceAll("&lt;", "<")
      .replaceAll("&amp;", "&")
      .replace(/\s/g, "")
  const picture = bare(readFileSync(join(root, "docs/tour.svg"), "utf8").replace(/[\s\S]*<defs>/, ""))
  for (const line of [...demoCells, ...demoTour]) assert.ok(picture.includes(`local>${bare(line)}`), `npm run tour: ${line}`)
})

test.run()
