/** A program whose types have passed is not checked again until something that was read for it has changed. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { typeErrors } from "../../shell/program/check-thread.js"
import { isChecked } from "../../shell/program/checked.js"

const directory = mkdtempSync(join(tmpdir(), "rivulet-checked-"))
const cacheBefore = process.env.XDG_CACHE_HOME
const [program, helper] = [join(directory, "program.ts"), join(directory, "helper.ts")]
const write = (file: string, text: string) => writeFileSync(file, text)
const cache = join(directory, "cache")

test.before(() => {
  process.env.XDG_CACHE_HOME = cache
})
test.after(() => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME
  else process.env.XDG_CACHE_HOME = cacheBefore
  rmSync(directory, { recursive: true, force: true })
})

test("passed once, it is known until it, or what it imports, changes", async () => {
  write(helper, "export const limit: number = 5\n")
  write(program, 'import { limit } from "./helper.js"\nexport const twice = limit * 2\n')
  assert.not(await isChecked(program))
  assert.equal(await typeErrors(program), [])
  assert.ok(await isChecked(program))
  write(helper, 'export const limit: string = "5"\n')
  assert.not(await isChecked(program))
  assert.match((await typeErrors(program)).join(), /program\.ts:2:22 .*arithmetic/)
  assert.not(await isChecked(program), "what has failed is looked at again")
  write(helper, "export const limit: number = 5\n")
  assert.ok(await isChecked(program))
  rmSync(helper)
  assert.not(await isChecked(program))
})

test("what is no memory of a check, or nowhere to keep one, is none", async () => {
  write(program, "export const one: number = 1\n")
  assert.equal(await typeErrors(program), [])
  const [kept] = readdirSync(join(cache, "rivulet", "checked"))
  for (const text of ["", "{", "[]", '{"files":[],"hash":""}', '{"files":"x","hash":1}']) {
    write(join(cache, "rivulet", "checked", kept!), text)
    assert.not(await isChecked(program), text)
  }
  write(join(directory, "file"), "")
  process.env.XDG_CACHE_HOME = join(directory, "file")
  assert.equal(await typeErrors(program), [])
  assert.not(await isChecked(program))
})

test.run()
