/** The notebooks that teach: each as it stands, and cheap ones with other workers, other seeds and deaths. */
import glob from "fast-glob"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { root } from "../../../scripts/places.js"
import { type NotebookOptions, runNotebooks } from "../../../shell/notebook/run.js"
import { parseKill } from "../../../shell/notebook/settings.js"

const files = (await glob("notebooks/*.md", { cwd: root, absolute: true })).sort()
const named = (...numbers: string[]) => files.filter(file => numbers.some(number => file.includes(`/${number}-`)))

/** Gives what was said. */
async function check(notebooks: readonly string[], options: Partial<NotebookOptions> = {}): Promise<string> {
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
  return said
}

test("all of them, as they stand", async () => {
  await check(files)
})

const clusters: [workers: number, seed: number, ...kills: string[]][] = [[3, 9, "w1@100ms", "w3@300ms"]]

for (const [workers, seed, ...kills] of clusters)
  test(`${workers} workers, seed ${seed}${kills.map(kill => `, ${kill}`).join("")}: the same outputs`, async () => {
    const said = await check(named("04", "09"), { settings: { workers, seed }, kills: kills.map(parseKill) })
    assert.not.match(said, /had ended before/)
  })

test("killed in the middle", async () => {
  const said = await check(named("06"), { settings: { workers: 4, seed: 9 }, kills: ["w1@500ms", "w3@2s"].map(parseKill) })
  assert.not.match(said, /had ended before/)
})

test.run()
