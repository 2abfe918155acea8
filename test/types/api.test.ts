/** The type test of the public API: api.test-d.ts compiles, and each of its @ts-expect-error lines is an error. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import { root } from "../../scripts/places.js"
import { typescript } from "../../shell/typescript.js"

const ts = typescript()

function diagnose(files: Record<string, string>): string[] {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const host = ts.createCompilerHost({ ...options, noEmit: true })
  const read = host.readFile.bind(host)
  host.readFile = file => files[file] ?? read(file)
  const exists = host.fileExists.bind(host)
  host.fileExists = file => file in files || exists(file)
  const program = ts.createProgram(Object.keys(files), { ...options, noEmit: true }, host)
  return Object.keys(files).flatMap(file => {
    const source = program.getSourceFile(file)!
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) =>
        `${source.getLineAndCharacterOfPosition(start).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    )
  })
}

const path = `${root}/test/types/api.test-d.ts`
const text = ts.sys.readFile(path)!

test("compiles as users write it", () => {
  assert.equal(diagnose({ [path]: text }), [])
})

test("what must not compile does not", () => {
  const lines = text.split("\n")
  const expected = lines.flatMap((line, i) => (line.includes("@ts-expect-error") ? [i + 2] : []))
  assert.ok(expected.length >= 5)
  const found = diagnose({ [path]: lines.map(line => line.replace("@ts-expect-error", "")).join("\n") }).map(line =>
    Number.parseInt(line, 10),
  )
  assert.equal([...new Set(found)], expected)
})

test.run()
