/**
 * Keys on this machine's disk: `$XDG_CONFIG_HOME/rivulet/keys/<name>.key`, readable by their owner alone, and the
 * list of those who are admitted, `$XDG_CONFIG_HOME/rivulet/allowed`, a key and whose it is a line; `read-only` between them
 * for who may ask alone.
 */

import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import type { KeyPair } from "../transport/credentials.js"
import { type CurveOptions, type Gate, newKeyPair } from "../transport/curve.js"

export interface NamedKey {
  readonly name: string
  readonly publicKey: string
  readonly path: string
}

export interface AllowedKey {
  readonly publicKey: string
  /** Whose it is. */
  readonly label: string
  readonly readOnly: boolean
}

const keyText = /^[A-Za-z0-9_-]{43}$/
const nameText = /^[\w.-]{1,64}$/

export function configDirectory(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "rivulet")
}

const keyPath = (name: string) => join(configDirectory(), "keys", `${name}.key`)
export const allowListPath = () => join(configDirectory(), "allowed")

/** Makes a pair. Throws a RivuletError of code 2 for a name that cannot be, 4 for one that is there: a key is never overwritten. */
export function createKey(name: string): NamedKey {
  if (!nameText.test(name)) throw new RivuletError(`"${name}" is no name for a key`, { code: 2, try: "letters, digits, . _ and -" })
  const path = keyPath(name)
  const pair = newKeyPair()
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    writeFileSync(path, `${JSON.stringify(pair)}\n`, { mode: 0o600, flag: "wx" })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    throw new RivuletError(`there is a key ${name} already: ${path}`, { code: 4, try: "another name, or rivulet keys list to see it" })
  }
  return { name, publicKey: pair.publicKey, path }
}

/** Throws a RivuletError of code 2 if the key is not there, is no key, or can be read by others. */
export function readKey(name: string): KeyPair {
  const path = nameText.test(name) ? keyPath(name) : name
  let text: string
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new RivuletError(`the key ${path} can be read by others`, { code: 2, try: `chmod 600 ${path}` })
    text = readFileSync(path, "utf8")
  } catch (error) {
    if (error instanceof RivuletError) throw error
    throw new RivuletError(`no key ${name} (${path})`, { code: 2, try: `rivulet keys new ${name}`, cause: error })
  }
  const pair = parsePair(text)
  if (pair === null) throw new RivuletError(`${path} holds no key`, { code: 2, try: "rivulet keys new <another name>" })
  return pair
}

function parsePair(text: string): KeyPair | null {
  try {
    const { publicKey, secretKey } = JSON.parse(text) as Partial<KeyPair>
    return keyText.test(String(publicKey)) && keyText.test(String(secretKey)) ? { publicKey: publicKey!, secretKey: secretKey! } : null
  } catch {
    return null
  }
}

/** The public halves of the keys of this machine's user, by name. */
export function listKeys(): NamedKey[] {
  const names = entries(join(configDirectory(), "keys")).flatMap(file => /^([\w.-]+)\.key$/.exec(file)?.[1] ?? [])
  return names.sort().flatMap(name => {
    const pair = parsePair(readFileSync(keyPath(name), "utf8"))
    return pair === null ? [] : [{ name, publicKey: pair.publicKey, path: keyPath(name) }]
  })
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Adds a line to the list; masters and workers of this machine that run see it with the next connection. Code 2 if it is no key. */
export function allowKey(publicKey: string, label: string, readOnly = false): void {
  if (!keyText.test(publicKey))
    throw new RivuletError(`"${publicKey}" is no public key`, { code: 2, try: "the 43 characters that `rivulet keys new` prints" })
  if (!/^[^\n\r]{1,200}$/.test(label)) throw new RivuletError(`"${label}" is no name of a person`, { code: 2, try: "one line of text" })
  mkdirSync(configDirectory(), { recursive: true, mode: 0o700 })
  appendFileSync(allowListPath(), `${publicKey} ${readOnly ? "read-only " : ""}${label}\n`, { mode: 0o600 })
  chmodSync(allowListPath(), 0o600)
}

/** Lines that are no key are passed over: a typing error must not shut everybody out. */
export function listAllowed(): AllowedKey[] {
  let text: string
  try {
    text = readFileSync(allowListPath(), "utf8")
  } catch {
    return []
  }
  return text.split("\n").flatMap(line => {
    const [, publicKey, readOnly, label] = /^([A-Za-z0-9_-]{43})(\s+read-only(?=\s|$))?(?:\s+(.*\S))?\s*$/.exec(line) ?? []
    return publicKey === undefined ? [] : [{ publicKey, label: label ?? "", readOnly: readOnly !== undefined }]
  })
}

/** Admits who is on the list now, as its last line of that key says: it is read anew whenever it has changed. */
export function allowListGate(): Gate {
  let stamp = ""
  let allowed = new Map<string, AllowedKey>()
  return publicKey => {
    const now = stampOf(allowListPath())
    if (now !== stamp) {
      allowed = new Map(listAllowed().map(key => [key.publicKey, key]))
      stamp = now
    }
    return allowed.get(publicKey) ?? null
  }
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return "none"
  }
}

/** Of a node that listens, by `--key`. Undefined: it has none. */
export function nodeKeys(name: string | undefined): CurveOptions | undefined {
  return name === undefined ? undefined : { pair: readKey(name), gate: allowListGate() }
}

/** Of a process that attaches: the key named by RIVULET_KEY, else `default`. It admits nobody: it does not listen. */
export function userKeys(): CurveOptions {
  return { pair: readKey(process.env.RIVULET_KEY || "default"), gate: () => null }
}
