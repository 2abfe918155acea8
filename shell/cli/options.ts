/** Options that come as text, checked and named in the error when absurd. */
import { RivuletError } from "../../engine/errors.js"
import { type Duration, parseDuration } from "../../engine/time.js"
import { profileOf, profiles, setting } from "./config.js"

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

/** How long what a shell defines stays when nobody has it open any more (left out: as the master says, 24 h), and how many rows `collect` may give. */
export function sessionSettings(): { readonly scratchMs?: number; readonly collectMax?: number } {
  const [ttl, most] = [setting("scratchTtl"), setting("collectMax")]
  return {
    ...(ttl && { scratchMs: duration(String(ttl.value), `${ttl.name} (${ttl.from})`) }),
    ...(most && { collectMax: positiveInteger(String(most.value), `${most.name} (${most.from})`, 1e9) }),
  }
}

/** `0.001`, `1e-9`, `0.1%`. */
export function share(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?(?:e-?\d+)?)(%?)$/i.exec(text)
  const value = Number(match?.[1]) / (match?.[2] === "%" ? 100 : 1)
  if (!(value >= 0 && value < 1)) throw new RivuletError(`${flag} ${text}: not a share`, { code: 2, try: `${flag} 0.1%` })
  return value
}

/** `512M`, `2G`, `4096K`, plain bytes. */
export function byteSize(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?)i?B?$/i.exec(text)
  const unit = { "": 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 }[match?.[2]?.toUpperCase() ?? ""]
  if (!match || unit === undefined) throw new RivuletError(`${flag} ${text}: not a size`, { code: 2, try: `${flag} 1G` })
  return Math.floor(Number(match[1]) * unit)
}

/**
 * `-m`, or the setting `master`, as an address, or those of several masters: a profile's by its name, whose key this process attaches
 * with from now on. Throws a RivuletError: of code 3 for a name that no cluster has, of code 2 for what is neither name nor address.
 */
export function masterAddress(text: string | undefined): string {
  const profile = profileOf(text)
  if (profile?.key !== undefined) process.env.RIVULET_KEY ||= profile.key
  const address = profile?.url ?? text ?? (setting("master")?.value as string | undefined) ?? "tcp://127.0.0.1:7077"
  const one = /^(?:tcp:\/\/([^\s:#,]+|\[[0-9a-fA-F:]+\])|[\w.-]+):\d{1,5}(#[\w-]{43})?$/
  const all = address.split(",").map(each => each.trim())
  if (all.every(each => one.test(each))) return all.map(each => (each.startsWith("tcp://") ? each : `tcp://${each}`)).join(",")
  const named = profiles().map(({ name }) => name)
  const shape = "tcp://127.0.0.1:7077 (of several masters: tcp://a:7077,tcp://b:7077)"
  // A word alone can only be meant as a cluster's name, and that master nobody knows.
  if (/^[A-Za-z][\w.-]*$/.test(address)) {
    throw new RivuletError(`-m ${address}: no cluster has that name here`, {
      code: 3,
      try: named.length === 0 ? `-m ${shape}; rivulet config shows where names come from` : `one of ${named.join(", ")}, or -m ${shape}`,
    })
  }
  throw new RivuletError(`-m ${address}: neither an address nor a cluster's name`, {
    code: 2,
    try: named.length === 0 ? `-m ${shape}` : `one of ${named.join(", ")}, or -m ${shape}`,
  })
}

/**
 * How long a master may take to be there (one that is there and busy is waited for): what is left of the two seconds since the command
 * was typed, less what ending takes; where this process itself was slow to begin, some time in any case.
 */
export function connectTimeoutMs(): number {
  return Math.max(700, Math.round(1_600 - process.uptime() * 1000))
}
