/**
 * Which file a specifier means, by Node's rules (package.json's `exports` and `imports` with conditions, else `main`). Node's own
 * resolver answers for the running module only, and for one of the two module systems.
 */

import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname, extname, join, sep } from "node:path"

export interface Package {
  readonly directory: string
  readonly name: string
  readonly version: string
  readonly type: "module" | "commonjs"
  readonly exports: Targets | undefined
  readonly imports: Targets | undefined
  readonly main: string | undefined
}

type Targets = string | null | readonly Targets[] | { readonly [key: string]: Targets }

export class Resolver {
  readonly #packages = new Map<string, Package | null>()

  /** The package that a file belongs to: the nearest package.json above it that has a name. */
  packageOf(file: string): Package | null {
    for (let directory = dirname(file); ; directory = dirname(directory)) {
      const found = this.#read(directory)
      if (found !== null && found.name !== "") return found
      if (directory === dirname(directory) || directory.endsWith(`${sep}node_modules`)) return null
    }
  }

  /** Whether a file is an ES module. */
  isModule(file: string): boolean {
    const extension = extname(file)
    if (extension !== ".js") return extension === ".mjs"
    for (let directory = dirname(file); ; directory = dirname(directory)) {
      const found = this.#read(directory)
      if (found !== null) return found.type === "module"
      if (directory === dirname(directory)) return false
    }
  }

  /** The file's path; null when there is none. */
  resolve(specifier: string, from: string): string | null {
    const conditions = [this.isModule(from) ? "import" : "require", "node", "module-sync", "default"]
    if (/^\.{0,2}\//.test(specifier) || specifier === "." || specifier === "..") return fileAt(join(dirname(from), specifier))
    if (specifier.startsWith("#")) {
      const own = this.packageOf(from)
      return own === null ? null : this.#target(own, matched(own.imports, specifier), conditions)
    }
    const [, name = "", rest = ""] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(specifier) ?? []
    for (let directory = dirname(from); ; directory = dirname(directory)) {
      const found = this.#read(join(directory, "node_modules", name))
      if (found !== null) return this.#inPackage(found, rest, conditions)
      if (directory === dirname(directory)) return null
    }
  }

  /** The file that a package's name alone means. */
  entryOf(of: Package, module: boolean): string | null {
    return this.#inPackage(of, "", [module ? "import" : "require", "node", "module-sync", "default"])
  }

  #inPackage(found: Package, rest: string, conditions: readonly string[]): string | null {
    if (found.exports !== undefined) return this.#target(found, matched(asMap(found.exports), `.${rest}`), conditions)
    return fileAt(rest === "" ? join(found.directory, found.main ?? "index.js") : join(found.directory, rest))
  }

  #target(found: Package, match: { readonly target: Targets; readonly star: string } | null, conditions: readonly string[]): string | null {
    if (match === null) return null
    const { target, star } = match
    if (typeof target === "string") {
      const path = target.replaceAll("*", star)
      return path.startsWith("./") ? fileAt(join(found.directory, path)) : this.resolve(path, join(found.directory, "package.json"))
    }
    if (target === null) return null
    const choices = Array.isArray(target)
      ? (target as readonly Targets[])
      : Object.entries(target as { readonly [key: string]: Targets }).flatMap(([key, value]) => (conditions.includes(key) ? [value] : []))
    for (const choice of choices) {
      const file = this.#target(found, { target: choice, star }, conditions)
      if (file !== null) return file
    }
    return null
  }

  #read(directory: string): Package | null {
    let found = this.#packages.get(directory)
    if (found === undefined) {
      found = readPackage(directory)
      this.#packages.set(directory, found)
    }
    return found
  }
}

function readPackage(directory: string): Package | null {
  try {
    const json = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Record<string, unknown>
    return {
      directory,
      name: typeof json.name === "string" ? json.name : "",
      version: typeof json.version === "string" ? json.version : "0",
      type: json.type === "module" ? "module" : "commonjs",
      exports: json.exports as Targets | undefined,
      imports: json.imports as Targets | undefined,
      main: typeof json.main === "string" ? json.main : undefined,
    }
  } catch {
    return null
  }
}

/** `exports` may be the target of "." itself. */
function asMap(exports: Targets): Targets {
  if (typeof exports !== "object" || exports === null || Array.isArray(exports)) return { ".": exports }
  return Object.keys(exports).every(key => key.startsWith(".")) ? exports : { ".": exports }
}

/** The entry for a subpath, patterns with `*` too: of several the longest. */
function matched(map: Targets | undefined, subpath: string): { readonly target: Targets; readonly star: string } | null {
  if (typeof map !== "object" || map === null || Array.isArray(map)) return null
  const targets = map as { readonly [key: string]: Targets }
  if (Object.hasOwn(targets, subpath)) return { target: targets[subpath]!, star: "" }
  let best: { key: string; star: string } | null = null
  for (const key of Object.keys(targets)) {
    const at = key.indexOf("*")
    if (at < 0) continue
    const [before, after] = [key.slice(0, at), key.slice(at + 1)]
    if (!subpath.startsWith(before) || !subpath.endsWith(after) || subpath.length < key.length) continue
    if (best === null || key.length > best.key.length) best = { key, star: subpath.slice(before.length, subpath.length - after.length) }
  }
  return best === null ? null : { target: targets[best.key]!, star: best.star }
}

/** The path itself, with an extension, or a directory's index. */
function fileAt(path: string): string | null {
  const isFile = (candidate: string) => existsSync(candidate) && statSync(candidate).isFile()
  for (const ending of ["", ".js", ".json", ".node", ".cjs", ".mjs"]) if (isFile(path + ending)) return path + ending
  if (!existsSync(path) || !statSync(path).isDirectory()) return null
  const main = readPackage(path)?.main
  return (main === undefined ? null : fileAt(join(path, main))) ?? fileAt(join(path, "index"))
}
