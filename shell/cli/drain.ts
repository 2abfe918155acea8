/** `rivulet drain`: takes a worker out while all else goes on, and waits until it has left. */
import { setTimeout as wait } from "node:timers/promises"
import { RivuletError } from "../../engine/errors.js"
import { formatNumber } from "../view/number.js"
import { withSession } from "./attach.js"
import { confirm } from "./confirm.js"

export interface DrainOptions {
  readonly master?: string
  readonly undo?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly wait: boolean
}

/** So often is looked how far it is. */
const lookMs = 300

export async function drain(worker: string, options: DrainOptions): Promise<void> {
  await withSession(options, async session => {
    const find = async () => (await session.workers()).find(({ name, state }) => name === worker && state !== "lost")
    const found = await find()
    const names = (await session.workers()).filter(({ state }) => state !== "lost").map(({ name }) => name)
    if (found === undefined) throw new RivuletError(`no worker ${worker}`, { code: 2, try: names.join(", ") || "rivulet workers" })
    if (options.dryRun) {
      const others = names.filter(name => name !== worker)
      process.stdout.write(
        `would drain ${worker}: ${formatNumber(found.blocks)} blocks, to ${others.join(" ") || "nobody: it is the last"}\n`,
      )
      return
    }
    if (options.undo) {
      await session.drain(worker, { undo: true })
      process.stderr.write(`${worker} stays\n`)
      return
    }
    if (!options.yes) await confirm(`drain ${worker}`, options.master)
    const { blocks, to } = await session.drain(worker)
    process.stderr.write(`${worker} gets nothing new; ${formatNumber(blocks)} of its blocks are copied to ${to.join(" ")}\n`)
    if (!options.wait) return
    for (let now = await find(); now !== undefined; now = await find()) {
      if (now.draining === undefined) throw new RivuletError(`${worker} stays: somebody has called it back, or no other worker is left`)
      await wait(lookMs)
    }
    process.stderr.write(`${worker} has left; nothing is missing\n`)
  })
}
