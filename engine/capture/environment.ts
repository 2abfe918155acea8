/**
 * What a user function sees in place of the clock, randomness and the console, so that whoever computes a task again gets
 * the same: passed as parameters of the compiled function, nothing global is touched.
 */

import { random } from "../random.js"
import { hiddenGlobals, sharedGlobals } from "./globals.js"

export type LogLevel = "log" | "info" | "warn" | "error" | "debug"

export interface TaskEnv {
  /** What `Date.now()` and `new Date()` give: the interval's start, epoch ms. */
  readonly intervalStart: number
  /** `stream|interval|partition`: the same seed, the same `Math.random()`. */
  readonly seed: string
  log(level: LogLevel, args: readonly unknown[]): void
  /** On a driver thread (`foreachRDD`) the real clock and the platform are there; only the console is captured. */
  readonly driver?: boolean
  /** Drivers: makes a captured handle again from the data of its brand. */
  handle?(data: unknown): unknown
}

/** The replaced globals by name. Functions of one task that share it share the sequence of random numbers. */
export type TaskGlobals = Readonly<Record<string, unknown>>

export function taskGlobals(env: TaskEnv): TaskGlobals {
  const console = taskConsole(env)
  if (env.driver) return { Date, Math, console, globalThis, performance: globalThis.performance }
  const math: typeof Math = Object.create(Math, { random: { value: random(env.seed), configurable: true, writable: true } })
  const date = taskDate(env.intervalStart)
  const performance = taskPerformance(env.intervalStart)
  let whole: object | undefined
  return {
    Date: date,
    Math: math,
    console,
    performance,
    /** Few functions ask for it. */
    get globalThis() {
      whole ??= taskGlobalThis({ Date: date, Math: math, console, performance })
      return whole
    },
  }
}

function taskGlobalThis(replaced: object): object {
  const whole: Record<string, unknown> = {}
  for (const name of sharedGlobals) if (name in globalThis) whole[name] = (globalThis as Record<string, unknown>)[name]
  return Object.freeze(Object.assign(whole, replaced))
}

/** `Date` whose now is fixed. Dates from elsewhere are instances of it, and its instances are ordinary dates. */
function taskDate(now: number): DateConstructor {
  const Real = Date
  function TaskDate(this: unknown, ...args: number[]): Date | string {
    if (new.target === undefined) return new Real(now).toString()
    const constructor = new.target === (TaskDate as unknown) ? Real : (new.target as unknown as DateConstructor)
    return Reflect.construct(Real, args.length === 0 ? [now] : args, constructor) as Date
  }
  Object.defineProperty(TaskDate, "name", { value: "Date" })
  Object.defineProperty(TaskDate, "prototype", { value: Real.prototype })
  return Object.assign(TaskDate, { now: () => now, parse: Real.parse, UTC: Real.UTC }) as unknown as DateConstructor
}

/** No time passes in a task: what measures itself finds 0. */
function taskPerformance(now: number): object {
  const nothing = (): void => {}
  return Object.freeze({ now: () => 0, timeOrigin: now, mark: nothing, measure: nothing, clearMarks: nothing, clearMeasures: nothing })
}

function taskConsole(env: TaskEnv): object {
  const level =
    (name: LogLevel) =>
    (...args: unknown[]): void =>
      env.log(name, args)
  const nothing = (): void => {}
  const log = level("log")
  return Object.freeze({
    log,
    info: level("info"),
    warn: level("warn"),
    error: level("error"),
    debug: level("debug"),
    trace: level("debug"),
    dir: (value: unknown) => env.log("log", [value]),
    table: (value: unknown) => env.log("log", [value]),
    assert: (holds: unknown, ...args: unknown[]) => {
      if (!holds) env.log("error", ["Assertion failed", ...args])
    },
    group: log,
    groupEnd: nothing,
    time: nothing,
    timeEnd: nothing,
    timeLog: nothing,
    count: nothing,
    countReset: nothing,
  })
}

/** Stands where a hidden global would be, in code that may never ask for it: any use of it throws. */
export function hiddenGlobal(name: string): unknown {
  const refuse = (): never => {
    throw new ReferenceError(`${name} is not there inside a task: ${hiddenGlobals.get(name) ?? "capture the value that you need"}`)
  }
  return new Proxy(function hidden() {}, { get: refuse, set: refuse, apply: refuse, construct: refuse, has: refuse })
}
