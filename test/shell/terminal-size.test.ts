/** When a size is painted for that tmux has before it says so. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { decode, freshDecoder } from "../../shell/editor/decode.js"
import { TerminalSize } from "../../shell/terminal-size.js"

/** Columns and rows, as what the terminal answers to one question after the other, and what the kernel has been told by then. */
interface Moment {
  readonly answer: string | null
  readonly told: readonly [columns: number, rows: number]
}

/** How many questions it took until it stood. */
function questionsFor(moments: readonly Moment[]): Promise<number> {
  return new Promise(resolve => {
    let asked = 0
    const stdout = {
      columns: 80,
      rows: 24,
      write: () => {
        const { answer, told } = moments[Math.min(asked++, moments.length - 1)]!
        ;[stdout.columns, stdout.rows] = told
        const { size: got } = decode(freshDecoder, answer ?? "x")
        if (got) queueMicrotask(() => size.told(got))
        return true
      },
    }
    const size = new TerminalSize(stdout as unknown as NodeJS.WriteStream, { asks: true, stood: () => resolve(asked) })
    size.heard()
  })
}

const at = (answer: string | null, ...told: [number, number]): Moment => ({ answer, told })
const cases: readonly [name: string, moments: readonly Moment[], questions: number][] = [
  ["the same, twice: it stands", [at("\x1b[8;30;100t", 100, 30)], 2],
  ["with the two exchanged, as tmux 3.3 has it", [at("\x1b[8;100;30t", 100, 30)], 2],
  ["one that no signal has told of yet", [at("\x1b[8;30;60t", 100, 30), at("\x1b[8;30;60t", 60, 30)], 2],
  ["several, one after the other", [at("\x1b[8;30;60t", 60, 30), at("\x1b[8;30;90t", 60, 30), at("\x1b[8;30;90t", 90, 30)], 3],
  ["a terminal that does not answer", [at(null, 100, 30)], 1],
  ["one that answers what is never told", [at("\x1b[8;5;5t", 100, 30)], 20],
]
for (const [name, moments, questions] of cases) test(name, async () => assert.is(await questionsFor(moments), questions))

test.run()
