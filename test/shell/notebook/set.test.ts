/** The notebooks that teach: each as it stands, and one of them with other workers, another seed and a death. */
import glob from "fast-glob"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { root } from "../../../scripts/places.js"
import { type NotebookOptions, runNotebooks } from "../../../shell/notebook/run.js"

const files = (await glob("notebooks/*.md", { cwd: root, absolute: true })).sort()

async function check(notebooks: readonly string[], options: Partial<NotebookOptions> = {}): Promise<void> {
  let said = ""
  const say = (text: string) => {
    said += text
  }
  const code = await runNotebooks(notebooks, {
    check: true,
    update: false,
    settings: {},
    kills: [],
    annotate: false,
    write: say,
    warn: say,
    ...options,
  })
  assert.is(code, 0, said)
}

test("all of them, as they stand", () => check(files))

test("killed in the middle", () => {
  const file = files.find(name => name.includes("kill-a-worker"))!
  return check([file], {
    settings: { workers: 4, seed: 9 },
    kills: [
      { node: "w1", atMs: 500 },
      { node: "w3", atMs: 2_000 },
    ],
  })
})

test.run()
