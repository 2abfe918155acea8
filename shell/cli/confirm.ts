/** Verbs that change what runs ask on a terminal, and refuse without `--yes` where nobody can answer. */
import { createInterface } from "node:readline/promises"
import { RivuletError } from "../../engine/errors.js"
import { profileOf } from "./config.js"

/** Throws a RivuletError of code 4 unless the answer is yes: of a cluster whose profile says `confirm` its name. */
export async function confirm(what: string, master?: string): Promise<void> {
  const profile = profileOf(master)
  const name = profile?.confirm ? profile.name : null
  if (!process.stdin.isTTY) throw new RivuletError(`${what}: needs a yes`, { code: 4, try: "--yes" })
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await asking.question(name === null ? `${what}? y/n ` : `${what} on ${name}? Type its name: `)
  asking.close()
  if (name === null ? !/^y(es)?$/i.test(answer.trim()) : answer.trim() !== name) throw new RivuletError(`${what}: not done`, { code: 4 })
}

/** The same for what changes nothing that runs: only a cluster whose profile says `confirm` asks, and not when nothing is to be done. */
export async function confirmGuarded(
  what: string,
  { master, yes = false, dryRun = false }: { readonly master?: string; readonly yes?: boolean; readonly dryRun?: boolean },
): Promise<void> {
  if (!yes && !dryRun && profileOf(master)?.confirm) await confirm(what, master)
}
