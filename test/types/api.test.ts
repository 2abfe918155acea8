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
  return ts.createProgram(Object.keys(files), options, host)
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

test.run()
