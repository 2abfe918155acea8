/** The README's code runs, by real processes. */
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { runPage } from "../../scripts/docs/run.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

test("README.md", async () => assert.equal(await runPage(root, "README.md"), []))

test.run()
