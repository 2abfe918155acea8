/** What `.stamp` shows. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Stamp } from "../../engine/fluent/types.js"
import { KeptAnswers } from "../../shell/host/kept-answers.js"

test("the last answer's stamp stays, whatever was no answer of the cluster's since", () => {
  const answers = new KeptAnswers()
  assert.is(answers.lastStamp, undefined)
  const stamp = { asOf: 1 } as Stamp
  answers.keep(1, [1], { asOf: 0 } as Stamp)
  answers.declared("n", 2, stamp)
  answers.keep(5, [5], undefined)
  assert.is(answers.lastStamp, stamp)
})

test.run()
