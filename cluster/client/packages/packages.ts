/**
 * Installed packages in functions: which export a function is, and the files that must travel with it, as CommonJS.
 * Whatever is asked for is loaded already: this process runs it.
 */

import { readFileSync, realpathSync } from "node:fs"
import { createRequire, isBuiltin } from "node:module"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import type { ModuleSource } from "../../../engine/capture/modules.js"
import { RivuletError } from "../../../engine/errors.js"
import type { ModuleFile } from "../../../engine/function-ref.js"
import { Resolver } from "./resolve.js"

type Found = ReturnType<ModuleSource["find"]>

/** How far below `module.exports` an export is looked for: `default.map`, `default.plugins.utc`. */
const deepest = 3
/** They find and load native code by paths of their own. */
const nativeLoaders = /^(bindings|node-gyp-build|node-pre-gyp|@mapbox\/node-pre-gyp|prebuild-install|cmake-ts)(\/|$)/

export class Packages implements ModuleSource {
  readonly #require = createRequire(import.meta.url)
  readonly #resolver = new Resolver()
  readonly #found = new WeakMap<Function, { readonly found: Found }>()
  readonly #files = new Map<string, ModuleFile>()
  /** The path of each id. */
  readonly #paths = new Map<string, string>()
  readonly #exports = new Map<string, Map<unknown, readonly string[]>>()

  find(f: Function, url: string): Found {
    const known = this.#found.get(f)
    if (known !== undefined) return known.found
    const path = pathOf(url)
    const found = path === null ? null : this.#find(f, path)
    this.#found.set(f, { found })
    return found
  }

  #find(f: Function, path: string): Found {
    const own = this.#resolver.packageOf(path)
    if (own === null) return null
    const entry = this.#resolver.entryOf(own, this.#resolver.isModule(path))
    for (const file of entry === null || entry === path ? [path] : [path, entry]) {
      const names = this.#exportsOf(file).get(f)
      if (names === undefined) continue
      const nearest = file === entry ? this.#nearest(f, file, own.directory) : null
      const chosen = nearest ?? { file, names }
      const native = this.#nativeIn(chosen.file)
      return native === null ? { file: this.#idOf(chosen.file), path: chosen.names } : { native }
    }
    return null
  }

  /** What an entry only passes on is had from where it comes from: a hundredth of a large package. */
  #nearest(f: Function, entry: string, directory: string): { readonly file: string; readonly names: readonly string[] } | null {
    let nearest: { readonly file: string; readonly names: readonly string[] } | null = null
    for (const target of Object.values(this.#file(this.#idOf(entry)).imports)) {
      const path = target === null ? undefined : this.#paths.get(target)
      if (path === undefined || !path.startsWith(directory)) continue
      const names = this.#exportsOf(path).get(f)
      if (names !== undefined && (nearest === null || names.length < nearest.names.length)) nearest = { file: path, names }
    }
    return nearest
  }

  packageOf(f: Function, url: string): string | null {
    const path = pathOf(url)
    return path === null ? null : (this.#resolver.packageOf(path)?.name ?? f.name)
  }

  nativeModuleOf(f: Function): string | null {
    for (const [file, module] of Object.entries(this.#require.cache)) {
      if (!file.endsWith(".node") || !this.#exportsOf(file).has(f)) continue
      return this.#resolver.packageOf(file)?.name ?? basename(module?.filename ?? file)
    }
    return null
  }

  bundle(files: Iterable<string>): readonly ModuleFile[] {
    const bundled = new Map<string, ModuleFile>()
    const queue = [...files]
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      if (bundled.has(id)) continue
      const file = this.#file(id)
      bundled.set(id, file)
      for (const target of Object.values(file.imports)) if (target !== null && !target.startsWith("node:")) queue.push(target)
    }
    return [...bundled.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** The native package among all that the file imports. */
  #nativeIn(path: string): string | null {
    try {
      this.bundle([this.#idOf(path)])
      return null
    } catch (error) {
      if (error instanceof NativeModule) return error.packageName
      throw error
    }
  }

  #file(id: string): ModuleFile {
    let file = this.#files.get(id)
    if (file === undefined) {
      file = this.#read(id, this.#paths.get(id)!)
      this.#files.set(id, file)
    }
    return file
  }

  #read(id: string, path: string): ModuleFile {
    if (path.endsWith(".node")) throw new NativeModule(this.#resolver.packageOf(path)?.name ?? basename(path))
    const text = readFileSync(path, "utf8")
    if (path.endsWith(".json")) return { id, source: `module.exports = ${text}`, imports: {} }
    const source = this.#resolver.isModule(path) ? this.#toCommonJs(text, id) : text
    const imports: Record<string, string | null> = {}
    for (const [, , specifier] of source.matchAll(/\brequire\(\s*(["'])([^"'\n]+)\1\s*\)/g)) {
      if (nativeLoaders.test(specifier!)) throw new NativeModule(this.#resolver.packageOf(path)?.name ?? basename(path))
      imports[specifier!] = this.#import(specifier!, path)
    }
    return { id, source, imports }
  }

  #import(specifier: string, from: string): string | null {
    if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`
    const target = this.#resolver.resolve(specifier, from)
    return target === null ? null : this.#idOf(target)
  }

  #toCommonJs(text: string, id: string): string {
    const swc = this.#require("@swc/core") as typeof import("@swc/core")
    try {
      return swc.transformSync(text, {
        module: { type: "commonjs", ignoreDynamic: true },
        jsc: { parser: { syntax: "ecmascript" }, target: "es2022" },
        configFile: false,
        swcrc: false,
        sourceMaps: false,
      }).code
    } catch (error) {
      throw new RivuletError(`${id} cannot be sent with the function: ${error instanceof Error ? error.message : String(error)}`, {
        code: 2,
        try: "do without it, or do it in foreachRDD",
        cause: error,
      })
    }
  }

  /** `lodash@4.17.21/lodash.js` */
  #idOf(path: string): string {
    const own = this.#resolver.packageOf(path)
    const id = own === null ? path : `${own.name}@${own.version}${path.slice(own.directory.length).replaceAll("\\", "/")}`
    this.#paths.set(id, path)
    return id
  }

  /** The names of what a loaded file exports. */
  #exportsOf(path: string): Map<unknown, readonly string[]> {
    let names = this.#exports.get(path)
    if (names === undefined) {
      names = new Map()
      try {
        namesIn(this.#require(path), names)
      } catch {
        // One that cannot be loaded in this way (top-level await) has exported nothing that can be named.
      }
      this.#exports.set(path, names)
    }
    return names
  }
}

class NativeModule extends Error {
  constructor(readonly packageName: string) {
    super(`${packageName} is native`)
  }
}

/** Breadth first, so that the shortest way to a function is its name. No getter is called. */
function namesIn(exported: unknown, names: Map<unknown, readonly string[]>): void {
  let level: (readonly [unknown, readonly string[]])[] = [[exported, []]]
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: (readonly [unknown, readonly string[]])[] = []
    for (const [value, path] of level) {
      if ((typeof value !== "function" && typeof value !== "object") || value === null || names.has(value)) continue
      names.set(value, path)
      const isNamespace = Object.prototype.toString.call(value) === "[object Module]"
      for (const key of Object.getOwnPropertyNames(value)) {
        if (key === "prototype" || key === "arguments" || key === "caller") continue
        const descriptor = Object.getOwnPropertyDescriptor(value, key)
        // Compilers give CommonJS getters for what a module exports: at the top they are read.
        if (descriptor?.get !== undefined && !(depth === 0 && !isNamespace && "__esModule" in (value as object))) continue
        next.push([(value as Record<string, unknown>)[key], [...path, key]])
      }
    }
    level = next
  }
}

/** Of a file in a node_modules. */
function pathOf(url: string): string | null {
  if (!url.includes("/node_modules/") && !url.includes("\\node_modules\\")) return null
  try {
    return realpathSync(url.startsWith("file:") ? fileURLToPath(url) : url)
  } catch {
    return null
  }
}
