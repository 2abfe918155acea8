/** The type test of the public API: api.test-d.ts compiles, and each of its @ts-expect-error lines is an error. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import { root } from "../../scripts/places.js"
import { typescript } from "../../shell/typescript.js"

const ts = typescript()

const path = `${root}/test/types/api.test-d.ts`
const text = ts.sys.readFile(path)!
const lines = text.split("\n")
/** The same without leave to be wrong, as a file beside it: both are of one program, which checks the sources once. */
const strict = path.replace("api", "strict")
const entries = ["client", "testing"].map(name => `${root}/cluster/${name}/index.ts`)
const files: Record<string, string> = { [path]: text, [strict]: lines.map(line => line.replace("@ts-expect-error", "")).join("\n") }
const program = open()

function open() {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
  const options = { ...ts.parseJsonConfigFileContent(config, ts.sys, root).options, noEmit: true }
  const host = ts.createCompilerHost(options)
  const read = host.readFile.bind(host)
  host.readFile = file => files[file] ?? read(file)
  const exists = host.fileExists.bind(host)
  host.fileExists = file => file in files || exists(file)
  return ts.createProgram([...Object.keys(files), ...entries], options, host)
}

function diagnose(file: string): string[] {
  const source = program.getSourceFile(file)!
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ start = 0, messageText }) =>
      `${source.getLineAndCharacterOfPosition(start).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
  )
}

test("compiles as users write it", () => {
  assert.equal(diagnose(path), [])
})

test("what must not compile does not", () => {
  const expected = lines.flatMap((line, i) => (line.includes("@ts-expect-error") ? [i + 2] : []))
  assert.ok(expected.length >= 5)
  const found = diagnose(strict).map(line => Number.parseInt(line, 10))
  assert.equal([...new Set(found)], expected)
})

/** Without a doc comment: what they export, and the members of its types. What is written in a member's type is said with the member. */
function undocumented(): string[] {
  const checker = program.getTypeChecker()
  const seen = new Set<unknown>()
  const missing: string[] = []
  const look = (symbol: import("typescript").Symbol, name: string) => {
    if (seen.has(symbol)) return false
    seen.add(symbol)
    if (symbol.getDocumentationComment(checker).length + symbol.getJsDocTags(checker).length === 0) missing.push(name)
    return true
  }
  const isOurs = (member: import("typescript").Symbol) =>
    member.declarations?.some(({ kind }) => kind === ts.SyntaxKind.PropertySignature || kind === ts.SyntaxKind.MethodSignature) === true &&
    member.declarations.every(at => !at.getSourceFile().fileName.includes("/node_modules/"))
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      if (!look(symbol, symbol.name) || !(symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias))) continue
      for (const member of checker.getDeclaredTypeOfSymbol(symbol).getProperties())
        if (isOurs(member)) look(member, `${symbol.name}.${member.name}`)
    }
  }
  assert.ok(seen.size > 300, `${seen.size} names`)
  return missing
}

test("each public name has a doc comment, and so has each of its members", () => {
  assert.equal(undocumented(), [])
})

test.run()
