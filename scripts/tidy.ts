/**
 * The house rules that a compiler does not check (ARCHITECTURE.md): which room may import which, no import cycles, no
 * clock or randomness outside the adapters, no `any` outside the file that wraps Arrow. Prints each breach as
 * `file:line  rule`; exits 1 if there is one. And of the pages: links that lead nowhere, files that are not there, code blocks that do not say
 * what they are. And that the kept WebAssembly is of its sources.
 */
import { readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import glob from "fast-glob"
import ts from "typescript"
import { checkDecisions, checkPage, pagesOf } from "./docs/links.js"
import { isFresh } from "./wasm.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))

/** First matching row decides: files under `from` may import files under `may` (their own room always). */
const directions: readonly { readonly from: string; readonly may: readonly string[] }[] = [
  { from: "engine/", may: ["engine/"] },
  // The scheduler and the block tracker know of no master: who uses them says what is wanted.
  {
    from: "cluster/scheduler/",
    may: [
      "engine/",
      "cluster/scheduler/",
      "cluster/ports.ts",
      "cluster/protocol",
      "cluster/node-id.ts",
      "cluster/median.ts",
      "cluster/oldest.ts",
    ],
  },
  // Entry points join a room's machine with its adapters.
  { from: "cluster/client/", may: ["engine/", "cluster/"] },
  { from: "cluster/", may: ["engine/", "cluster/"] },
  { from: "shell/", may: ["engine/", "cluster/", "shell/"] },
  { from: "test/", may: [""] },
  { from: "scripts/", may: [""] },
]

/** Rooms of the cluster that share only protocol, codec, channel, transport, ports and engine. */
const strangers = ["cluster/client/", "cluster/worker/", "cluster/master/"]
/** The worker hosts the client library for `foreachRDD` drivers through its adapters only. */
const joints = ["cluster/adapters/", "cluster/embedded", "cluster/testing/", "cluster/process-entry"]

const clockWords =
  /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|process\.hrtime|randomUUID|randomBytes)\b/
const mayUseClock = [
  "cluster/testing/simulate.ts",
  "cluster/adapters/",
  "cluster/transport/",
  "cluster/embedded",
  "cluster/process-entry",
  "shell/",
  "scripts/",
  "test/",
]
/** `runIntervals` takes streams of any type by name: the public signature says so. */
const mayUseAny = ["engine/block/arrow.ts", "cluster/testing/run-intervals.ts"]

/** Another language, though it looks the same. */
const notOurs = ["engine/wasm/assembly/**"]

const files = (await glob(["engine/**/*.ts", "cluster/**/*.ts", "shell/**/*.{ts,tsx}"], { cwd: root, ignore: notOurs })).sort()
const breaches: string[] = []
const imports = new Map<string, string[]>()

for (const file of files) {
  const text = readFileSync(join(root, file), "utf8")
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const at = (position: number) => `${file}:${source.getLineAndCharacterOfPosition(position).line + 1}`
  const targets: string[] = []
  imports.set(file, targets)

  source.forEachChild(function visit(node): void {
    const specifier = specifierOf(node)
    if (specifier?.startsWith(".")) {
      const base = normalize(join(dirname(file), specifier)).replace(/\.js$/, "")
      const target = [`${base}.ts`, `${base}.tsx`].find(name => files.includes(name)) ?? `${base}.ts`
      // Types too: of two files that name each other neither can be read first.
      targets.push(target)
      checkDirection(file, target, at(node.getStart()))
    }
    if (node.kind === ts.SyntaxKind.AnyKeyword && !mayUseAny.includes(file)) breaches.push(`${at(node.getStart())}  any`)
    node.forEachChild(visit)
  })

  if (!mayUseClock.some(prefix => file.startsWith(prefix)) && !/\/(main|connect)\.ts$/.test(file)) {
    const code = stripComments(text)
    code.split("\n").forEach((line, index) => {
      const word = clockWords.exec(line)
      if (word) breaches.push(`${file}:${index + 1}  ${word[1]} outside an adapter`)
    })
  }
}

/** What a node imports: a declaration, `import("…")` as a type, `import("…")` as a value. */
function specifierOf(node: ts.Node): string | undefined {
  const literal =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
        ? node.argument.literal
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : undefined
  return literal !== undefined && ts.isStringLiteral(literal) ? literal.text : undefined
}

function checkDirection(file: string, target: string, where: string): void {
  const rule = directions.find(row => file.startsWith(row.from))
  if (rule && !rule.may.some(prefix => target.startsWith(prefix))) breaches.push(`${where}  ${rule.from} must not import ${target}`)
  const room = strangers.find(prefix => file.startsWith(prefix))
  const other = strangers.find(prefix => target.startsWith(prefix))
  const joint = joints.some(prefix => file.startsWith(prefix)) || /\/main\.ts$/.test(file)
  if (room && other && room !== other && !joint && target !== "cluster/master/records.ts")
    breaches.push(`${where}  ${room} and ${other} are strangers`)
}

/** Comments and plain strings (a message may name what code must not call); line breaks stay. */
function stripComments(text: string): string {
  return text
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/\/\*[\s\S]*?\*\//g, part => part.replace(/[^\n]/g, " "))
    .replace(/(^|[^:"'`])\/\/[^\n]*/g, "$1")
}

/** Tarjan would name the component; a depth-first walk that names one cycle is what a person needs. */
function findCycle(): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  const walk = (file: string): string[] | undefined => {
    if (done.has(file)) return undefined
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    path.push(file)
    for (const target of imports.get(file) ?? []) {
      const cycle = walk(target)
      if (cycle) return cycle
    }
    path.pop()
    done.add(file)
    return undefined
  }
  for (const file of files) {
    const cycle = walk(file)
    if (cycle) return cycle
  }
  return undefined
}

const cycle = findCycle()
if (cycle) breaches.push(`import cycle  ${cycle.join(" → ")}`)
if (!isFresh()) breaches.push("engine/wasm/binary.ts  is of other sources than engine/wasm/assembly: npm run wasm")
const pages = await pagesOf(root)
for (const page of pages) breaches.push(...checkPage(root, page))
breaches.push(...checkDecisions(root, pages))
for (const breach of breaches) console.log(breach)
console.log(`${files.length} files, ${pages.length} pages, ${breaches.length} breaches`)
process.exit(breaches.length === 0 ? 0 : 1)
