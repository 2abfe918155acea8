/**
 * Evaluates cells with the semantics of a good REPL: names live on and may be declared again, top-level `await`, thenables
 * awaited, `_`. V8 does the evaluating (`Runtime.evaluate` in REPL mode, in the main context of this thread, so that
 * what a cell makes is of the same kind as what Rivulet makes); real values come back through a helper, not as copies.
 *
 * An endless loop blocks its thread: `thread.ts` runs an Evaluator where another thread can interrupt it.
 */

import { Session } from "node:inspector"
import { formatWithOptions } from "node:util"
import { sourcesKey } from "../../engine/capture/position.js"
import { RivuletError } from "../../engine/errors.js"
import { attachPosition, type CellText, cellFile, locateInCell } from "./cell-position.js"
import { cellsOf, completeness } from "./complete-cell.js"
import { type Completions, completionsAt } from "./completion.js"
import { positionAt } from "./javascript.js"
import { loadModule } from "./load-module.js"
import { type DeclaredKind, type RewrittenCell, rewriteCell, writtenOut } from "./rewrite.js"
import { CellSyntaxError } from "./strip-types.js"

export type ConsoleLevel = "log" | "info" | "warn" | "error" | "debug"

export interface EvaluatorOptions {
  /** Names that cells find without an import. */
  readonly globals: Readonly<Record<string, unknown>>
  readonly onConsole: (level: ConsoleLevel, text: string) => void
  /** Awaits a thenable; the host keeps an answer's stamp here. */
  readonly settle?: (value: unknown) => Promise<unknown>
  /** What `import … from name` and `import(name)` give. By default Node's own, relative to the working directory. */
  readonly load?: (name: string) => Promise<unknown>
}

export interface Declared {
  readonly name: string
  readonly kind: DeclaredKind
  readonly value: unknown
}

export interface CellResult {
  /** The last statement is an expression. */
  readonly hasValue: boolean
  readonly value: unknown
  readonly declared: readonly Declared[]
  /** The cell with `await` written out: what history, types and `.save` see. */
  readonly rewritten: string
}

interface Helper {
  readonly last: unknown
  value(value: unknown): void
  /** Whether there is something to wait for; `settled` is it, or the value itself. */
  settle(site: number, value: unknown): boolean
  settled: unknown
  load(name: string): Promise<unknown>
  declared(values: Record<string, unknown>): void
  thrown(value: unknown): void
}

/** Property of the global object that holds the helpers of the cells that run, by number. */
const helpersName = "__rivulet"

interface RemoteObject {
  readonly type: string
  readonly value?: unknown
  readonly unserializableValue?: string
  readonly objectId?: string
  readonly description?: string
}

interface Evaluated {
  readonly result: RemoteObject
  readonly exceptionDetails?: { readonly lineNumber: number; readonly columnNumber: number; readonly exception?: RemoteObject }
}

export class Evaluator {
  readonly #options: EvaluatorOptions
  readonly #session = new Session()
  readonly #kinds = new Map<string, DeclaredKind>()
  readonly #cells: CellText[] = []
  readonly #written = new Map<string, string>()
  readonly #helpers: Record<number, Helper> = Object.create(null)
  /** The global properties as they were before this evaluator set them. */
  readonly #before = new Map<PropertyKey, PropertyDescriptor | undefined>()
  readonly #bound = new Set<string>()
  #running: AbortController | null = null
  #last: unknown
  #peeks = 0

  constructor(options: EvaluatorOptions) {
    this.#options = options
    this.#session.connect()
    this.#define(helpersName, this.#helpers, false)
    this.#define("console", this.#console())
    this.#define(sourcesKey, (file: string, line: number, column: number) => this.#locate(file, line, column), false)
    for (const [name, value] of Object.entries(options.globals)) this.bind(name, value)
    process.on("unhandledRejection", this.#onRejection)
    process.on("uncaughtException", this.#onException)
  }

  /** A promise that a cell let go of must not end the shell. */
  readonly #onRejection = (reason: unknown): void => {
    this.#options.onConsole("error", `Uncaught (in promise) ${inCell(reason) ? shortError(reason) : formatWithOptions({}, reason)}`)
  }

  readonly #onException = (error: unknown): void => {
    if (inCell(error)) {
      this.#options.onConsole("error", `Uncaught ${shortError(error)}`)
      return
    }
    // Not the user's: it ends the process as it would without a shell.
    process.off("uncaughtException", this.#onException)
    setImmediate(() => {
      throw error
    })
  }

  /** Gives cells a name from outside. A name that a cell declared goes before it. */
  bind(name: string, value: unknown): void {
    this.#bound.add(name)
    this.#define(name, value)
  }

  /** All names that a cell may use beyond the language: bound and declared ones, in order. */
  names(): string[] {
    return [...new Set([...this.#bound, ...this.#kinds.keys()])].sort()
  }

  /** What `_` stands for. */
  get last(): unknown {
    return this.#last
  }

  isComplete(text: string): ReturnType<typeof completeness> {
    return completeness(text)
  }

  cellsOf(text: string): string[] {
    return cellsOf(text)
  }

  /** A cell that was evaluated, with `await` written out; any other text as it is. */
  rewritten(cell: string): string {
    return this.#written.get(cell) ?? cell
  }

  /**
   * @throws what the cell throws, with `position` { line, column, text } in the user's own text; CellSyntaxError; the
   *   signal's reason when it is aborted while the cell waits (what the cell has declared by then stays)
   */
  async evaluate(cell: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<CellResult> {
    const number = this.#cells.length + 1
    const rewritten = this.#rewrite(cell, number)
    const running = new AbortController()
    this.#running = running
    const abort = (): void => running.abort(signal?.reason)
    signal?.addEventListener("abort", abort, { once: true })
    if (signal?.aborted) abort()
    try {
      return await this.#run(cell, number, rewritten, running.signal)
    } catch (error) {
      throw attachPosition(error, file => this.#cellOf(file))
    } finally {
      signal?.removeEventListener("abort", abort)
      if (this.#running === running) this.#running = null
    }
  }

  /** Ends the wait of the cell that runs. A loop that does not wait is interrupted from another thread (`remote.ts`). */
  interrupt(): void {
    this.#running?.abort(new RivuletError("interrupted", { code: 130 }))
  }

  /** Names and members that fit before the cursor, without side effects. */
  async complete(text: string, cursor: number): Promise<Completions> {
    return completionsAt(text, cursor, this.names(), (method, params) => this.#post(method, params))
  }

  /** What a name stands for that cells may use; undefined when there is none. Nothing is run. */
  async peek(name: string): Promise<unknown> {
    if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) || !this.names().includes(name)) return undefined
    // One of its own: several may be looked at at a time.
    const place = this.#helpers as Record<number, unknown>
    const slot = --this.#peeks
    try {
      await this.#post("Runtime.evaluate", { expression: `${helpersName}[${slot}]=${name};undefined`, replMode: true, silent: true })
      return place[slot]
    } finally {
      delete place[slot]
    }
  }

  /** Gives the global names back. Cells cannot be evaluated any more. */
  close(): void {
    this.interrupt()
    for (const [name, before] of this.#before) {
      if (before) Object.defineProperty(globalThis, name, before)
      else delete (globalThis as Record<PropertyKey, unknown>)[name]
    }
    process.off("unhandledRejection", this.#onRejection)
    process.off("uncaughtException", this.#onException)
    this.#session.disconnect()
  }

  #rewrite(cell: string, number: number): RewrittenCell {
    const constants = new Set([...this.#kinds].filter(([, kind]) => kind === "const" || kind === "import").map(([name]) => name))
    try {
      const rewritten = rewriteCell(cell, constants, `${helpersName}[${number}]`)
      this.#cells.push({ text: cell, code: rewritten.code, toText: rewritten.toText })
      return rewritten
    } catch (error) {
      if (error instanceof CellSyntaxError)
        Object.defineProperty(error, "position", { value: positionAt(cell, error.at), configurable: true })
      throw error
    }
  }

  async #run(cell: string, number: number, rewritten: RewrittenCell, signal: AbortSignal): Promise<CellResult> {
    let value: unknown
    let thrown: { value: unknown } | undefined
    let declaredValues: Record<string, unknown> = {}
    const awaited = new Set<number>()
    const aborted = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    })
    aborted.catch(() => {})
    const settle = this.#options.settle ?? (async (thenable: unknown) => await thenable)
    const helper: Helper = {
      last: this.#last,
      value: one => {
        value = one
      },
      settled: undefined,
      settle: (site, one) => {
        const waits = isThenable(one)
        if (waits) awaited.add(site)
        helper.settled = waits ? Promise.race([settle(one), aborted]) : one
        return waits
      },
      load: name => (this.#options.load ?? loadModule)(name),
      declared: values => {
        declaredValues = values
      },
      thrown: one => {
        thrown = { value: one }
      },
    }
    this.#helpers[number] = helper
    const group = `rivulet.cell.${number}`
    try {
      const evaluate = (expression: string): Promise<Evaluated> =>
        this.#post<Evaluated>("Runtime.evaluate", { expression, replMode: true, awaitPromise: true, objectGroup: group, silent: true })
      const outcome = await Promise.race([evaluate(`${rewritten.code}\n//# sourceURL=${cellFile(number)}`), aborted])
      for (const { name, kind } of rewritten.declared) if (!outcome.exceptionDetails) this.#kinds.set(name, kind)
      if (outcome.exceptionDetails) throw this.#thrownValue(outcome.exceptionDetails, number, () => thrown)
      if (rewritten.declared.length > 0) {
        const names = rewritten.declared.map(one => one.name)
        await evaluate(`${helpersName}[${number}].declared({${names.join(",")}})`)
      }
    } catch (error) {
      if (error instanceof Error && /Execution was terminated/.test(error.message)) throw new RivuletError("interrupted", { code: 130 })
      throw error
    } finally {
      delete this.#helpers[number]
      this.#session.post("Runtime.releaseObjectGroup", { objectGroup: group })
    }
    if (rewritten.hasValue) {
      this.#last = value
      this.#define("_", value)
    }
    const written = writtenOut(cell, rewritten, awaited)
    this.#written.set(cell, written)
    const declared = rewritten.declared.map(({ name, kind }) => ({ name, kind, value: declaredValues[name] }))
    return { hasValue: rewritten.hasValue, value, declared, rewritten: written }
  }

  /** The thrown value itself, not the inspector's copy. */
  #thrownValue(
    { exception, lineNumber, columnNumber }: NonNullable<Evaluated["exceptionDetails"]>,
    number: number,
    got: () => { value: unknown } | undefined,
  ): unknown {
    if (!exception) return new Error("the cell failed")
    if (exception.objectId === undefined) return exception.unserializableValue ?? exception.value
    this.#session.post("Runtime.callFunctionOn", {
      objectId: exception.objectId,
      functionDeclaration: `function () { "use strict"; globalThis.${helpersName}[${number}].thrown(this) }`,
    })
    const value = got()?.value
    // Errors of compiling have no frame in the cell.
    if (value instanceof SyntaxError && !String(value.stack).includes(`${cellFile(number)}:`)) {
      const position = this.#locate(cellFile(number), lineNumber + 1, columnNumber + 1)
      Object.defineProperty(value, "position", { value: position, configurable: true })
    }
    return value
  }

  #cellOf(file: string): CellText | undefined {
    const match = /^cell:(\d+)$/.exec(file)
    return match ? this.#cells[Number(match[1]) - 1] : undefined
  }

  #locate(file: string, line: number, column: number): ReturnType<typeof locateInCell> | undefined {
    const cell = this.#cellOf(file)
    return cell && locateInCell(cell, line, column)
  }

  #post<T>(method: string, params: object): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, params, (error: Error | null, result?: object) => (error ? reject(error) : resolve(result as T)))
    })
  }

  #define(name: PropertyKey, value: unknown, enumerable = true): void {
    if (!this.#before.has(name)) this.#before.set(name, Object.getOwnPropertyDescriptor(globalThis, name))
    Object.defineProperty(globalThis, name, { value, enumerable, writable: true, configurable: true })
  }

  #console(): object {
    const level =
      (name: ConsoleLevel) =>
      (...args: unknown[]): void =>
        this.#options.onConsole(name, formatWithOptions({ depth: 4, maxArrayLength: 100 }, ...args))
    const own = {
      log: level("log"),
      info: level("info"),
      warn: level("warn"),
      error: level("error"),
      debug: level("debug"),
      trace: level("debug"),
      dir: level("log"),
    }
    return Object.assign(Object.create(console), own)
  }
}

function isThenable(value: unknown): boolean {
  return (
    (typeof value === "object" || typeof value === "function") && value !== null && typeof (value as { then?: unknown }).then === "function"
  )
}

function inCell(error: unknown): error is Error {
  return error instanceof Error && /\bcell:\d+:\d+:\d+/.test(String(error.stack))
}

function shortError(error: Error): string {
  return `${error.name}: ${error.message}`
}
