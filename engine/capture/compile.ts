/**
 * A callable out of a FunctionRef, on the executor. The text is compiled once (`FunctionCompiler` keeps the factories);
 * each task gets new closures and new copies of the captures, so a mutated `Set` cannot leak into another task.
 */

import { RivuletError } from "../errors.js"
import type { FunctionHash, FunctionRef } from "../function-ref.js"
import { hiddenGlobal, type TaskEnv, type TaskGlobals, taskGlobals } from "./environment.js"
import { hiddenGlobals, replacedGlobals } from "./globals.js"
import { HeapReader, type Instance } from "./heap-reader.js"
import { ModuleLoader } from "./module-loader.js"

export type UserFunction = (...args: never[]) => unknown

/** Lines of a factory's text above the user's first line: two of `new Function`, one of ours. */
export const linesBefore = 3

interface Body {
  readonly source: string
  readonly names: readonly string[]
  readonly isClass: boolean
}

/** Gives a body's instance in an environment. */
type Factory = (globals: TaskGlobals, driver: boolean) => Instance

interface CompiledFunction {
  readonly top: Factory
  readonly records: readonly (Factory | undefined)[]
}

/** Compiled functions of one owner (an executor). */
export class FunctionCompiler {
  readonly #compiled = new Map<FunctionHash, CompiledFunction>()
  readonly #globals = new WeakMap<TaskEnv, TaskGlobals>()
  readonly #modules = new ModuleLoader()

  forget(hash: FunctionHash): void {
    this.#compiled.delete(hash)
  }

  /**
   * The function with captures of its own. Functions compiled with the same `env` object share its random sequence.
   * @throws RivuletError when its text does not compile, which a captured function's does
   */
  compile(ref: FunctionRef, env: TaskEnv): UserFunction {
    let compiled = this.#compiled.get(ref.hash)
    if (!compiled) {
      compiled = compileBodies(ref)
      this.#compiled.set(ref.hash, compiled)
    }
    let globals = this.#globals.get(env)
    if (!globals) {
      globals = taskGlobals(env)
      this.#globals.set(env, globals)
    }
    const { records, top } = compiled
    const driver = env.driver === true
    const instance = top(globals, driver)
    const f = instance.make() as UserFunction
    if (ref.captured.length === 0) return f
    const reader = readHeap(ref, globals, env, this.#modules, id => records[id]!(globals, driver))
    instance.set(ref.captured.map(one => reader.decode(one.value)))
    return reader.moving.length === 0 ? f : withPositionsReset(f, reader.moving)
  }
}

/** Compiles for one use. Whoever runs many tasks keeps a `FunctionCompiler`. */
export function compileFunction(ref: FunctionRef, env: TaskEnv): UserFunction {
  return new FunctionCompiler().compile(ref, env)
}

function readHeap(
  ref: FunctionRef,
  globals: TaskGlobals,
  env: TaskEnv,
  modules: ModuleLoader,
  instantiate: (id: number) => Instance,
): HeapReader {
  return new HeapReader({
    exportsOf: file => modules.exportsOf(file, ref.modules ?? [], env, globals),
    heap: ref.heap,
    blobs: ref.blobs,
    globals,
    intervalStart: env.intervalStart,
    instantiate,
    handle: data => {
      if (env.handle) return env.handle(data)
      throw new RivuletError("a stream or RDD cannot be used inside a task", {
        try: "use transform or foreachRDD, whose functions may hold handles",
      })
    },
  })
}

function compileBodies(ref: FunctionRef): CompiledFunction {
  const records = ref.heap.map((record, id) => {
    if (record.kind !== "function" && record.kind !== "class") return undefined
    return compileBody({ source: record.source, names: record.names, isClass: record.kind === "class" }, `${functionUrl(ref)}/${id}`)
  })
  const top = { source: ref.source, names: ref.captured.map(one => one.name), isClass: false }
  return { top: compileBody(top, functionUrl(ref)), records }
}

/** The name under which V8 reports the function's frames. */
export function functionUrl(ref: Pick<FunctionRef, "hash">): string {
  return `rivulet-function:${ref.hash}`
}

function compileBody({ source, names, isClass }: Body, url: string): Factory {
  const own = new Set(names)
  // Only those that the text could mean; a substring too many does no harm.
  const replaced = replacedGlobals.filter(name => !own.has(name) && source.includes(name))
  const hidden = [...hiddenGlobals.keys()].filter(name => !own.has(name) && source.includes(name))
  let values = "values"
  while (own.has(values)) values += "_"
  const variables = names.length > 0 ? `let ${names.join(",")};` : ""
  const setter = `${values}=>{${names.map((name, index) => `${name}=${values}[${index}]`).join(";")}}`
  const make = (withHidden: boolean): Function => {
    const parameters = withHidden ? [...replaced, ...hidden] : replaced
    try {
      return new Function(...parameters, `"use strict";${variables}return[()=>(\n${source}\n),${setter}]\n//# sourceURL=${url}`)
    } catch (error) {
      throw new RivuletError(
        `a function does not compile: ${error instanceof Error ? error.message : String(error)}: ${source.slice(0, 200)}`,
        { cause: error },
      )
    }
  }
  const inTask = make(true)
  let onDriver: Function | undefined
  const hiddenValues = hidden.map(name => (isClass ? hiddenGlobal(name) : undefined))
  return (globals, driver) => {
    const parameters = replaced.map(name => globals[name])
    if (driver) onDriver ??= make(false)
    const [makeIt, set] = (driver ? onDriver!(...parameters) : inTask(...parameters, ...hiddenValues)) as [() => unknown, Instance["set"]]
    return { make: makeIt, set }
  }
}

/** A captured `/x/g` begins at 0 for every record: else results would depend on order. */
function withPositionsReset(f: UserFunction, moving: readonly RegExp[]): UserFunction {
  const reset = (...args: never[]): unknown => {
    for (const expression of moving) expression.lastIndex = 0
    return f(...args)
  }
  Object.defineProperty(reset, "length", { value: f.length })
  return reset
}
