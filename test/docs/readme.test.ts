/** The README's code runs, by real processes. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { runPage } from "../../scripts/docs/run.js"
import { root } from "../../scripts/places.js"

test("README.md", async () => assert.equal(await runPage(root, "README.md"), []))

test.run()
