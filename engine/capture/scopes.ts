/**
 * Reads the live values of a closure's free variables, synchronously, through V8's own inspector in the same thread: the
 * `[[Scopes]]` of a function are what its names resolve to, in ES modules, loops, nested functions and REPL cells alike.
 * Nothing is evaluated in the user's scopes and no getter is called.
 */

import { Session } from "node:inspector"
import { isDeclaredBelow } from "./declared-below.js"

/** How a value gets across the inspector: both sides know this global for the time of one call. */
const stashKey = Symbol.for("rivulet.capture.stash")

interface Stash {
  readonly f: unknown
  readonly names: readonly string[]
  readonly found: ({ name: string } & Found)[]
}

export interface Found {
  readonly value: unknown
  /** A property of the global object, not a variable. */
  readonly isGlobal: boolean
}

interface Location {
  readonly scriptId: string
  /** Both from 0. */
  readonly lineNumber: number
  readonly columnNumber?: number
}

interface Remote {
  readonly objectId?: string
  readonly description?: string
}

/** Of scripts by their id in V8: the same for all readers of a thread, and never reused. */
const scriptUrls = new Map<string, string>()

export class ScopeReader {
  readonly #session = new Session()

  /** Connects to this thread's inspector; `close` when done. */
  constructor() {
    this.#session.connect()
  }

  close(): void {
    this.#session.disconnect()
  }

  /**
   * The values of `names` as `f` sees them. A name that no scope of `f` declares is looked up among the properties of the
   * global object; one that is nowhere is not in the answer.
   */
  read(f: Function, names: readonly string[]): Map<string, Found> {
    const values = new Map<string, Found>()
    if (names.length === 0) return values
    const stash: Stash = { f, names, found: [] }
    const holder = globalThis as { [stashKey]?: Stash }
    const outer = holder[stashKey]
    holder[stashKey] = stash
    const group = "rivulet.capture"
    try {
      const { result } = this.#post<{ result: Remote }>("Runtime.evaluate", {
        expression: `globalThis[Symbol.for("rivulet.capture.stash")].f`,
        objectGroup: group,
        silent: true,
      })
      const { internalProperties = [] } = this.#post<{ internalProperties?: { name: string; value?: Remote }[] }>("Runtime.getProperties", {
        objectId: result.objectId,
        ownProperties: true,
      })
      const scopes = internalProperties.find(property => property.name === "[[Scopes]]")?.value
      const list = scopes?.objectId
        ? this.#post<{ result: { value?: Remote }[] }>("Runtime.getProperties", { objectId: scopes.objectId, ownProperties: true }).result
        : []
      const entries = list.flatMap(({ value }) => (value?.objectId ? [{ objectId: value.objectId }] : []))
      if (entries.length > 0) {
        this.#post("Runtime.callFunctionOn", {
          objectId: entries[0]!.objectId,
          functionDeclaration: readScopes,
          arguments: entries,
          silent: true,
        })
      }
      for (const found of stash.found) values.set(found.name, found)
    } finally {
      this.#post("Runtime.releaseObjectGroup", { objectGroup: group })
      if (outer) holder[stashKey] = outer
      else delete holder[stashKey]
    }
    return values
  }

  /** The file that a function was written in: a path or URL as V8 knows it; null when it is nowhere. */
  locate(f: Function): string | null {
    const location = this.#locationOf(f)
    return location === null ? null : this.#urlOf(location.scriptId)
  }

  /** Of a variable of `f` that shows as undefined: whether it only has no value yet. */
  isUnborn(f: Function, name: string): boolean {
    const location = this.#locationOf(f)
    if (location === null) return false
    const { scriptId, lineNumber, columnNumber = 0 } = location
    const script = this.#debugging(() => this.#post<{ scriptSource: string }>("Debugger.getScriptSource", { scriptId }).scriptSource)
    const lines = script.split("\n", lineNumber)
    return isDeclaredBelow(
      script,
      lines.reduce((at, line) => at + line.length + 1, columnNumber),
      name,
    )
  }

  #locationOf(f: Function): Location | null {
    const holder = globalThis as { [stashKey]?: Stash }
    const outer = holder[stashKey]
    holder[stashKey] = { f, names: [], found: [] }
    const group = "rivulet.capture"
    try {
      const expression = `globalThis[Symbol.for("rivulet.capture.stash")].f`
      const { result } = this.#post<{ result: Remote }>("Runtime.evaluate", { expression, objectGroup: group, silent: true })
      const { internalProperties = [] } = this.#post<{ internalProperties?: { name: string; value?: { value?: unknown } }[] }>(
        "Runtime.getProperties",
        { objectId: result.objectId, ownProperties: true },
      )
      return (internalProperties.find(({ name }) => name === "[[FunctionLocation]]")?.value?.value as Location | undefined) ?? null
    } finally {
      this.#post("Runtime.releaseObjectGroup", { objectGroup: group })
      if (outer) holder[stashKey] = outer
      else delete holder[stashKey]
    }
  }

  #urlOf(scriptId: string): string | null {
    if (!scriptUrls.has(scriptId)) this.#debugging(() => {})
    return scriptUrls.get(scriptId) || null
  }

  /** V8 tells of its scripts when it is asked to debug: asked for a moment, when there is something to be known. */
  #debugging<T>(ask: () => T): T {
    const parsed = ({ params }: { params: { scriptId: string; url: string } }) => scriptUrls.set(params.scriptId, params.url)
    this.#session.on("Debugger.scriptParsed", parsed)
    this.#post("Debugger.enable", {})
    try {
      return ask()
    } finally {
      this.#post("Debugger.disable", {})
      this.#session.off("Debugger.scriptParsed", parsed)
    }
  }

  #post<T>(method: string, params: object): T {
    let answer: T | undefined
    let failure: Error | null = null
    // With the session in the same thread the callback runs before `post` returns.
    this.#session.post(method, params, (error, result) => {
      failure = error
      answer = result as T
    })
    if (failure) throw failure as Error
    return answer as T
  }
}

/** Gets the entries of `[[Scopes]]`, innermost first; the `object` of one has the scope's variables as properties. */
const readScopes = `function (...scopes) {
  const { names, found } = globalThis[Symbol.for("rivulet.capture.stash")]
  const missing = new Set(names)
  for (const { description, object } of scopes) {
    for (const name of missing) {
      const property = Object.getOwnPropertyDescriptor(object, name)
      if (!property) continue
      missing.delete(name)
      found.push({ name, isGlobal: description === "Global", value: "value" in property ? property.value : object[name] })
    }
  }
}`
