/** The guides' code runs, page by page. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { pagesOf } from "../../scripts/docs/links.js"
import { runPage } from "../../scripts/docs/run.js"
import { root } from "../../scripts/places.js"

const guides = (await pagesOf(root)).filter(page => /^docs\/[^/]+$/.test(page))

for (const page of guides) test(page, async () => assert.equal(await runPage(root, page), []))

test.run()
