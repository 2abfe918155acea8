/** A program's file as it is loaded: what is said of it is said of its own lines, not of those that a compiler made of them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { loadProgram } from "../../cluster/client/program/loader.js"

const test = suite("client/program")

test("the line at which it throws is the file's", async () => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-program-"))
  // As in the binary's own process: nobody has asked for source maps.
  process.setSourceMapsEnabled(false)
  try {
    const file = join(directory, "views.ts")
    const lines = [
      "interface Visit {",
      "  url: string",
      "}",
      "",
      "const one: Visit = { url: '/', }",
      "",
      "export const n = (one as any).nope.length",
    ]
    writeFileSync(file, `${lines.join("\n")}\n`)
    const error = await loadProgram(file).then(
      () => null,
      (thrown: Error & { position?: unknown }) => thrown,
    )
    assert.equal(error?.position, { line: 7, column: lines[6]!.indexOf("length") + 1, text: lines[6] })
  } finally {
    process.setSourceMapsEnabled(true)
    rmSync(directory, { recursive: true })
  }
})

test.run()
