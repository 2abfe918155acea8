/**
 * What is set by files: `./rivulet.json` goes before `$XDG_CONFIG_HOME/rivulet/config.json` (or the file that `RIVULET_CONFIG`
 * names); the environment and flags go before both. A setting that is not known is an error: it would be obeyed by nobody.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { configDirectory } from "../../cluster/adapters/key-files.js"
import { RivuletError } from "../../engine/errors.js"
import { maxCollectRows } from "../../engine/fluent/limits.js"

export const profileColors = ["red", "yellow", "green", "blue", "magenta", "cyan"] as const
export type ProfileColor = (typeof profileColors)[number]

/** A cluster by name. `key`: by which of this machine's keys it is attached to (`RIVULET_KEY` goes before it). `confirm`: who changes it types its name where others type y, and in its shell the command twice. */
export interface Profile {
  readonly url: string
  readonly key?: string
  readonly color?: ProfileColor
  readonly confirm?: boolean
}

export interface Config {
  readonly master?: string
  readonly masters?: Readonly<Record<string, Profile>>
  readonly tz?: string
  readonly scratchTtl?: string
  readonly startup?: string
  /** Over so many rows `collect` is an error, unless it says another number. */
  readonly collectMax?: number
}

/** Where a value was found. */
export interface Setting {
  readonly name: string
  readonly value: unknown
  readonly from: string
}

interface ConfigFile {
  readonly path: string
  readonly config: Config
}

/** Files that are there, the nearer first. Throws a RivuletError of code 2 that names the file and what in it is wrong. */
export function configFiles(env: NodeJS.ProcessEnv = process.env): ConfigFile[] {
  const user = env.RIVULET_CONFIG ?? join(configDirectory(), "config.json")
  return ["rivulet.json", user].flatMap(path => {
    let text: string
    try {
      text = readFileSync(path, "utf8")
    } catch {
      if (path === env.RIVULET_CONFIG) throw new RivuletError(`RIVULET_CONFIG: no file ${path}`, { code: 2, try: "unset RIVULET_CONFIG" })
      return []
    }
    return [{ path, config: parseConfig(text, path) }]
  })
}

const texts = ["master", "tz", "scratchTtl", "startup"] as const
const plain = [...texts, "collectMax"] as const

export function parseConfig(text: string, path: string): Config {
  const wrong = (what: string, hint: string) => new RivuletError(`${path}: ${what}`, { code: 2, try: hint })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw wrong(`no JSON: ${(error as Error).message}`, '{ "master": "prod", "masters": { "prod": { "url": "tcp://m1:7077" } } }')
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw wrong("no object", '{ "tz": "Europe/Berlin" }')
  const known: readonly string[] = [...plain, "masters"]
  for (const [name, value] of Object.entries(parsed)) {
    if (!known.includes(name)) throw wrong(`no setting ${name}`, known.join(", "))
    if (name === "collectMax" && !(Number.isInteger(value) && Number(value) > 0))
      throw wrong(`${name}: not a whole number`, `"${name}": 100000`)
    if (texts.some(text => text === name) && typeof value !== "string") throw wrong(`${name}: not a text`, `"${name}": "…"`)
  }
  const { masters } = parsed as { readonly masters?: unknown }
  if (masters !== undefined && (typeof masters !== "object" || masters === null))
    throw wrong("masters: no object", '"masters": { "prod": { "url": "tcp://m1:7077" } }')
  for (const [name, profile] of Object.entries(masters ?? {})) checkProfile(name, profile, wrong)
  return parsed as Config
}

function checkProfile(name: string, profile: unknown, wrong: (what: string, hint: string) => RivuletError): void {
  const { url, key, color, confirm, ...rest } = (typeof profile === "object" && profile !== null ? profile : {}) as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (!/^[\w.-]+$/.test(name)) throw wrong(`masters: "${name}" is no name`, "letters, digits, . _ and -")
  if (typeof url !== "string") throw wrong(`masters.${name}: no url`, `"${name}": { "url": "tcp://127.0.0.1:7077" }`)
  if (unknown !== undefined) throw wrong(`masters.${name}: no setting ${unknown}`, "url, key, color, confirm")
  if (key !== undefined && !(typeof key === "string" && /^[\w.-]+$/.test(key)))
    throw wrong(`masters.${name}: key is the name of one`, "rivulet keys list")
  if (color !== undefined && !profileColors.includes(color as ProfileColor))
    throw wrong(`masters.${name}: no color ${String(color)}`, profileColors.join(", "))
  if (confirm !== undefined && typeof confirm !== "boolean") throw wrong(`masters.${name}: confirm is true or false`, '"confirm": true')
}

/** The first that says it: environment, then files. */
export function setting(name: (typeof plain)[number], env: NodeJS.ProcessEnv = process.env): Setting | undefined {
  const variable = {
    master: "RIVULET_MASTER",
    tz: "RIVULET_TZ",
    scratchTtl: "RIVULET_SCRATCH_TTL",
    startup: undefined,
    collectMax: undefined,
  }[name]
  const set = variable === undefined ? undefined : env[variable]
  if (set !== undefined && set !== "") return { name, value: set, from: variable! }
  for (const { path, config } of configFiles(env)) if (config[name] !== undefined) return { name, value: config[name], from: path }
  return undefined
}

export interface NamedProfile extends Profile {
  readonly name: string
  readonly from: string
}

/** All clusters that have a name; of one name the nearer file's. */
export function profiles(env: NodeJS.ProcessEnv = process.env): NamedProfile[] {
  const found = new Map<string, NamedProfile>()
  for (const { path, config } of configFiles(env))
    for (const [name, profile] of Object.entries(config.masters ?? {}))
      if (!found.has(name)) found.set(name, { ...profile, name, from: path })
  return [...found.values()]
}

/** What `-m` says, or the setting: the profile when it is the name of one. */
export function profileOf(master: string | undefined): NamedProfile | undefined {
  const said = master ?? setting("master")?.value
  return typeof said === "string" ? profiles().find(({ name }) => name === said) : undefined
}

/** `rivulet config`: what holds, and where each value comes from. */
export function config(): void {
  const rows: Setting[] = [
    setting("master") ?? { name: "master", value: "tcp://127.0.0.1:7077", from: "default" },
    setting("tz") ?? { name: "tz", value: Intl.DateTimeFormat().resolvedOptions().timeZone, from: "this machine" },
    setting("scratchTtl") ?? { name: "scratchTtl", value: "as the master says", from: "default" },
    setting("collectMax") ?? { name: "collectMax", value: maxCollectRows, from: "default" },
    setting("startup") ?? { name: "startup", value: "none", from: "default" },
    ...profiles().map(({ name, url, key, color, confirm, from }) => ({
      name: `masters.${name}`,
      value: [url.replaceAll(/#[\w-]*/g, "#…"), key && `key ${key}`, color, confirm ? "confirm" : undefined]
        .filter(part => part !== undefined)
        .join(" "),
      from,
    })),
  ]
  const width = Math.max(...rows.map(({ name }) => name.length))
  const values = Math.max(...rows.map(({ value }) => String(value).length))
  for (const { name, value, from } of rows) process.stdout.write(`${name.padEnd(width)}  ${String(value).padEnd(values)}  ${from}\n`)
}
