/** Options that come as text, checked and named in the error when absurd. */
import { RivuletError } from "../../engine/errors.js"
import { type Duration, parseDuration } from "../../engine/time.js"

export function positiveInteger(text: string, flag: string, most = 1_000_000): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new RivuletError(`${flag} ${text}: not a whole number from 1 to ${most}`, { code: 2, try: `${flag} 2` })
  return value
}

export function duration(text: string, flag: string): number {
  try {
    return parseDuration(text as Duration)
  } catch {
    throw new RivuletError(`${flag} ${text}: not a duration`, { code: 2, try: `${flag} 30s` })
  }
}

/** How long what a shell defines stays when nobody has it open any more: RIVULET_SCRATCH_TTL; undefined: as the master says (24 h). */
export function scratchTtl(): { readonly scratchMs?: number } {
  const text = process.env.RIVULET_SCRATCH_TTL
  return text === undefined || text === "" ? {} : { scratchMs: duration(text, "RIVULET_SCRATCH_TTL") }
}

/** `512M`, `2G`, `4096K`, plain bytes. */
export function byteSize(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?)i?B?$/i.exec(text)
  const unit = { "": 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 }[match?.[2]?.toUpperCase() ?? ""]
  if (!match || unit === undefined) throw new RivuletError(`${flag} ${text}: not a size`, { code: 2, try: `${flag} 1G` })
  return Math.floor(Number(match[1]) * unit)
}

/** `-m` as an address. Profiles by name come with a configuration file; until then a name is an error. */
export function masterAddress(text: string | undefined): string {
  const address = text ?? "tcp://127.0.0.1:7077"
  if (/^tcp:\/\/([^\s:#]+|\[[0-9a-fA-F:]+\]):\d{1,5}(#[\w-]{43})?$/.test(address)) return address
  if (/^[\w.-]+:\d{1,5}(#[\w-]{43})?$/.test(address)) return `tcp://${address}`
  throw new RivuletError(`-m ${address}: not an address`, { code: 2, try: "-m tcp://127.0.0.1:7077" })
}

/** How long a master may take to answer: what is left of the two seconds since the command was typed, a second at least. */
export function connectTimeoutMs(): number {
  return Math.max(1_000, Math.round(1_800 - process.uptime() * 1000))
}
