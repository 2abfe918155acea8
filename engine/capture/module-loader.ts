/**
 * Packages' files on the executor: compiled once, evaluated anew for each task, with the task's clock, random numbers and console, so
 * that what a package remembers from one call to the next cannot leak from task to task.
 */

import { RivuletError } from "../errors.js"
import type { ModuleFile } from "../function-ref.js"
import type { TaskEnv, TaskGlobals } from "./environment.js"
import { pureModules } from "./globals.js"

type Body = (...values: unknown[]) => void

const parameters = ["exports", "require", "module", "__filename", "__dirname", "globalThis", "global", "self", "process"]
const replaced = ["Date", "Math", "console", "performance"]
/** Not there, so that packages that look whether they run in a browser or a server find neither. */
const absent = ["window", "document", "navigator", "fetch", "WebSocket", "XMLHttpRequest", "crypto"]
const timers = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"]

export class ModuleLoader {
  readonly #bodies = new Map<string, Body>()
  readonly #evaluated = new WeakMap<TaskEnv, { readonly whole: object; readonly modules: Map<string, { exports: unknown }> }>()

  /** `files`: it and all that it requires. */
  exportsOf(id: string, files: readonly ModuleFile[], env: TaskEnv, globals: TaskGlobals): unknown {
    let evaluated = this.#evaluated.get(env)
    if (evaluated === undefined) {
      // Packages put things of their own there.
      evaluated = { whole: { ...(globals.globalThis as object) }, modules: new Map() }
      this.#evaluated.set(env, evaluated)
    }
    const { whole, modules } = evaluated
    const byId = new Map(files.map(file => [file.id, file]))
    const load = (name: string): unknown => {
      const known = modules.get(name)
      if (known !== undefined) return known.exports
      const file = byId.get(name)
      if (file === undefined) throw new RivuletError(`the file ${name} of a package has not come with the function`)
      const module = { exports: {} as unknown }
      // Before its body runs: packages require each other in circles.
      modules.set(name, module)
      const require = (specifier: string): unknown => {
        const target = file.imports[specifier]
        if (target === undefined || target === null) throw notThere(specifier, name)
        if (!target.startsWith("node:")) return load(target)
        if (!pureModules.has(target)) throw new RivuletError(`${name} needs ${target}, which is not there inside a task`, { code: 1 })
        return process.getBuiltinModule(target)
      }
      const values = [module.exports, require, module, name, name.slice(0, name.lastIndexOf("/")), whole, whole, whole, taskProcess]
      this.#body(file)(...values, ...replaced.map(one => globals[one]), ...absent.map(() => undefined), ...timers.map(noTimer))
      return module.exports
    }
    return load(id)
  }

  #body({ id, source }: ModuleFile): Body {
    let body = this.#bodies.get(id)
    if (body === undefined) {
      body = new Function(...parameters, ...replaced, ...absent, ...timers, `${source}\n//# sourceURL=rivulet-module:${id}`) as Body
      this.#bodies.set(id, body)
    }
    return body
  }
}

/** What packages look at to see where they are. */
const taskProcess = Object.freeze({
  env: Object.freeze({ NODE_ENV: "production" }),
  argv: [],
  versions: Object.freeze({}),
  platform: "linux",
  cwd: () => "/",
  nextTick: noTimer("process.nextTick"),
})

function noTimer(name: string): () => never {
  return () => {
    throw new RivuletError(`${name} is not there inside a task: a function gives its result at once`, { code: 1 })
  }
}

function notThere(specifier: string, from: string): Error {
  return Object.assign(new Error(`Cannot find module '${specifier}', which ${from} requires`), { code: "MODULE_NOT_FOUND" })
}
