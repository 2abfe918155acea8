/** Loads a user's program: an ES module in TypeScript or JavaScript, in any folder. Its exports are its streams. */
import { existsSync, readFileSync, statSync } from "node:fs"
import { register } from "node:module"
import { basename, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { RivuletError } from "../../../engine/errors.js"

let registered = false

/** Where this build's own public modules are: `.ts` in development, `.js` in dist. */
export function ownPackages(): Record<string, string> {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js"
  return {
    rivulet: new URL(`../index.${ending}`, import.meta.url).href,
    "rivulet/testing": new URL(`../../testing/index.${ending}`, import.meta.url).href,
  }
}

function registerHooks(): void {
  if (registered) return
  registered = true
  // Lines in messages, and of `.source`, are those of the program's own file.
  process.setSourceMapsEnabled(true)
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js"
  register(new URL(`./hooks.${ending}`, import.meta.url).href, { data: { packages: ownPackages() } })
}

export interface Program {
  /** The file's name without its ending, unless `--name` says otherwise. */
  readonly name: string
  readonly path: string
  readonly exports: Readonly<Record<string, unknown>>
}

/** Absolute path of a program file. Errors (code 2): missing, a directory, not TypeScript or JavaScript. */
export function programPath(file: string): string {
  const path = resolve(file)
  if (!existsSync(path)) throw new RivuletError(`no such file: ${file}`, { code: 2, try: "give the path of a .ts program" })
  if (!statSync(path).isFile()) throw new RivuletError(`${file} is not a file`, { code: 2, try: "give the path of a .ts program" })
  if (!/\.m?[jt]s$/.test(path))
    throw new RivuletError(`${file} is not a TypeScript program`, { code: 2, try: "a program's name ends in .ts, .mts, .js or .mjs" })
  return path
}

export function programName(path: string): string {
  return basename(path).replace(/\.\w+$/, "")
}

/** How often each was loaded: the file may have changed, and its streams are to be defined again. */
const loads = new Map<string, number>()

/** Runs the program's module. The ambient session must be set: the module's top level defines its streams. */
export async function loadProgram(path: string): Promise<Program> {
  registerHooks()
  const before = loads.get(path) ?? 0
  loads.set(path, before + 1)
  try {
    const exports = (await import(`${pathToFileURL(path).href}${before === 0 ? "" : `?${before}`}`)) as Record<string, unknown>
    return { name: programName(path), path, exports }
  } catch (error) {
    throw located(error, path)
  }
}

/** An error of the user's own, thrown as the module ran: with the line of it that threw. */
function located(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return new RivuletError(`${path} threw ${String(error)} as it was loaded`)
  if (error instanceof RivuletError || "position" in error) return error
  const frame = (error.stack ?? "").split("\n").find(line => line.includes(pathToFileURL(path).href) || line.includes(path))
  const place = frame === undefined ? null : /:(\d+):(\d+)\)?$/.exec(frame)
  if (place === null) return error
  const line = Number(place[1])
  const text = readFileSync(path, "utf8").split("\n")[line - 1]
  return text === undefined ? error : Object.assign(error, { position: { line, column: Number(place[2]), text } })
}
