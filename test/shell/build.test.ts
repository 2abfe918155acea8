/** scripts/build.mjs in a tree of two files: what is there of these very sources is left alone. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"

const test = suite("build")
const tree = mkdtempSync(join(tmpdir(), "rivulet-build-"))
const made = join(tree, "dist/shell/cli/main.js")
const build = () => execFileSync(process.execPath, [resolve("scripts/build.mjs")], { cwd: tree, stdio: ["ignore", "ignore", "inherit"] })
const put = (path: string, text: string) => writeFileSync(join(tree, path), text)

test.before(() => {
  for (const folder of ["engine", "cluster", "shell/cli"]) mkdirSync(join(tree, folder), { recursive: true })
  put(
    "tsconfig.build.json",
    '{ "compilerOptions": { "rootDir": ".", "module": "nodenext", "types": [], "lib": ["es5"], "skipLibCheck": true }, "include": ["shell"] }',
  )
  put("shell/cli/main.ts", "export const version = 1\n")
})
test.after(() => rmSync(tree, { recursive: true, force: true }))

test("what was made of the same sources stays, the very file; of others it is made anew; a broken one is not taken for whole", () => {
  build()
  const { ino } = statSync(made)
  build()
  assert.is(statSync(made).ino, ino)
  put("shell/cli/main.ts", "export const version = 2\n")
  build()
  assert.match(readFileSync(made, "utf8"), "version = 2")
  rmSync(made)
  build()
  assert.ok(existsSync(made))
  assert.not(existsSync(join(tree, "dist.next")))
})

test.run()
