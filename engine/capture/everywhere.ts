/** What every process has travels by its name: the language's own functions and prototypes, and Node's modules. */

import { types } from "node:util"
import { builtinModuleMembers, intrinsicPaths, pureModules } from "./globals.js"

export class Everywhere {
  #intrinsics: Map<unknown, string> | undefined
  #modules: Map<unknown, string> | undefined

  /** The path of a function or prototype of the language. */
  intrinsic(value: unknown): string | undefined {
    this.#intrinsics ??= intrinsicPaths(globalThis)
    return this.#intrinsics.get(value)
  }

  /** `node:path.join` for what the pure ones of Node's modules export. */
  pureMember(value: object): string | undefined {
    // Asking one of millions of elements for its keys takes a minute.
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return undefined
    if (typeof value !== "function" && !types.isModuleNamespaceObject(value)) {
      const key = Object.keys(value)[0]
      const isModuleLike = key !== undefined && typeof Object.getOwnPropertyDescriptor(value, key)?.value === "function"
      if (!isModuleLike) return undefined
    }
    const path = this.member(value)
    return path !== undefined && pureModules.has(path.split(".")[0]!) ? path : undefined
  }

  /** The same of any of Node's modules. */
  member(value: object): string | undefined {
    this.#modules ??= builtinModuleMembers()
    return this.#modules.get(types.isModuleNamespaceObject(value) ? ((value as { default?: unknown }).default ?? value) : value)
  }
}
