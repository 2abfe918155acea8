/** What a notebook's front matter and the command line say of the cluster that its cells run on. */

import { parse as parseYaml } from "yaml"
import type { Kill } from "../../cluster/testing/index.js"
import { RivuletError } from "../../engine/errors.js"
import { parseDuration } from "../../engine/time.js"
import { timeZone } from "../../engine/time-zone.js"

export interface Settings {
  /** Simulated: time goes on by input and `clock.advance` alone. Real: an embedded cluster of processes. */
  readonly clock: "simulated" | "real"
  readonly tz: string
  readonly workers: number
  readonly seed: number
}

export const defaults: Settings = { clock: "simulated", tz: "UTC", workers: 2, seed: 1 }

/** `rivulet: { clock: simulated, tz: UTC, workers: 2, seed: 1 }`. Throws a RivuletError of code 2; `file` is for its message. */
export function parseSettings(text: string, file: string): Settings {
  const wrong = (what: string, attempt: string) => new RivuletError(`${file}: ${what}`, { code: 2, try: attempt })
  let front: unknown
  try {
    front = parseYaml(text)
  } catch (error) {
    throw wrong(`the front matter is no YAML: ${(error as Error).message.split("\n")[0]}`, "rivulet: { clock: simulated, workers: 2 }")
  }
  const given = (typeof front === "object" && front !== null ? (front as { rivulet?: unknown }).rivulet : undefined) ?? {}
  if (typeof given !== "object" || Array.isArray(given))
    throw wrong("rivulet: in the front matter has no settings", "rivulet: { clock: simulated, workers: 2 }")
  const {
    clock = defaults.clock,
    tz = defaults.tz,
    workers = defaults.workers,
    seed = defaults.seed,
    ...rest
  } = given as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw wrong(`no setting ${unknown}`, "clock, tz, workers, seed")
  if (clock !== "simulated" && clock !== "real") throw wrong(`clock: ${String(clock)}`, "clock: simulated, or real")
  try {
    timeZone(String(tz))
  } catch {
    throw wrong(`tz: ${String(tz)}`, 'tz: "Europe/Berlin", or UTC')
  }
  if (!Number.isInteger(workers) || (workers as number) < 1 || (workers as number) > 16)
    throw wrong(`workers: ${String(workers)}`, "workers: 1 to 16")
  if (!Number.isSafeInteger(seed)) throw wrong(`seed: ${String(seed)}`, "seed: 7")
  return { clock, tz: String(tz), workers: workers as number, seed: seed as number }
}

/** `w2@3s`: which worker ends when. */
export function parseKill(text: string): Kill {
  const match = /^(w\d+|master)@(\d+(?:\.\d+)?(?:ms|s|m|h))$/.exec(text)
  if (match === null) throw new RivuletError(`--kill ${text}: not understood`, { code: 2, try: "--kill w2@3s" })
  return { node: match[1]!, atMs: parseDuration(match[2] as `${number}s`) }
}
