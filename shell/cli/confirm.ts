/** Verbs that change what runs ask on a terminal, and refuse without `--yes` where nobody can answer. */
import { createInterface } from "node:readline/promises"
import { RivuletError } from "../../engine/errors.js"

/** Throws a RivuletError of code 4 unless the answer is yes. */
export async function confirm(what: string): Promise<void> {
  if (!process.stdin.isTTY) throw new RivuletError(`${what}: needs a yes`, { code: 4, try: "--yes" })
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await asking.question(`${what}? y/n `)
  asking.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new RivuletError(`${what}: not done`, { code: 4 })
}
