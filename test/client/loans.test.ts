/** Memory of blocks under way is lent once at a time. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Loans } from "../../cluster/client/loans.js"

test("what came back is used again, what did not is not", () => {
  const loans = new Loans(1000)
  const [first, second] = [loans.take(900), loans.take(1000)]
  assert.is.not(first.buffer, second.buffer)
  const loan = loans.lend(first)
  loans.lend(second)
  assert.is.not(loans.take(800).buffer, first.buffer)
  loans.giveBack(loan)
  loans.giveBack(loan)
  const again = loans.take(800)
  assert.is(again.buffer, first.buffer)
  assert.is(again.length, 800)
  assert.is.not(loans.take(800).buffer, first.buffer)
})

test("another's loan is none of ours", () => {
  const [mine, others] = [new Loans(1000), new Loans(1000)]
  const block = mine.take(900)
  mine.lend(block)
  mine.giveBack(others.lend(others.take(900)))
  assert.is.not(mine.take(900).buffer, block.buffer)
})

test("small and too large blocks have memory of their own", () => {
  const loans = new Loans(1000)
  for (const bytes of [0, 10, 499, 1001]) {
    const block = loans.take(bytes)
    assert.is(block.length, bytes)
    assert.is(block.buffer.byteLength, bytes)
    loans.giveBack(loans.lend(block))
    assert.is.not(loans.take(bytes).buffer, block.buffer)
  }
})

test.run()
