import path, { basename } from "node:path"
import * as util from "node:util"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { sum } from "../../../engine/builtins.js"
import { captureFunction, linkFunction } from "../../../engine/capture/capture.js"
import { decodeFunction, encodeFunction } from "../../../engine/capture/codec.js"
import { compileFunction, FunctionCompiler } from "../../../engine/capture/compile.js"
import type { TaskEnv } from "../../../engine/capture/environment.js"
import * as library from "./library.js"
import { isBot, Point, slug } from "./library.js"

const test = suite("functions travel")
const env: TaskEnv = { intervalStart: 1_700_000_000_000, seed: "views|1|0", log: () => {} }

function travel<F extends Function>(f: F, options: Partial<TaskEnv> = {}): F {
  const ref = decodeFunction(encodeFunction(captureFunction(f, { operator: "map" })))
  return compileFunction(ref, { ...env, ...options }) as unknown as F
}

// ── closures: each gives after the journey what it gives here ─────────────────────────────
const limit = 5
const big = 2n ** 70n
const odd = { nan: Number.NaN, minusZero: -0, missing: undefined, nothing: null, deep: [1, [2, { three: new Date(3) }]] }
const seen = new Map<unknown, unknown>([
  ["a", { n: 1 }],
  [[1, 2], new Set([Number.NaN, -0])],
])
const words = new Set(["the", "a"])
const floats = Float64Array.of(1.5, Number.NaN)
const bytes = Buffer.from("hé")
const pattern = /(\d+)-(?<word>\w+)/iu
const sticky = /a/g
const cyclic: { name: string; self?: unknown } = { name: "cycle" }
cyclic.self = cyclic
const shared = { n: 1 }
const left = { shared }
const right = { shared }
const { max } = Math
const has = Object.prototype.hasOwnProperty
const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))
function even(n: number): boolean {
  return n === 0 ? true : oddNumber(n - 1)
}
function oddNumber(n: number): boolean {
  return n === 0 ? false : even(n - 1)
}
class Animal {
  static made = 0
  legs = 4
  constructor(readonly name: string) {}
  get loud(): string {
    return this.name.toUpperCase()
  }
  greet(): string {
    return `${this.loud} on ${this.legs}`
  }
}
class Bird extends Animal {
  override legs = 2
  override greet(): string {
    return `tweet ${super.greet()}`
  }
}
Animal.made = 7
const bird = new Bird("pip")
const helper = {
  base: 10,
  add(n: number): number {
    return this.base + n
  },
  get twice(): number {
    return this.base * 2
  },
}
const loop: ((n: number) => number)[] = []
for (let i = 0; i < 3; i++) {
  const square = i * i
  loop.push(n => n + i + square)
}
const method = {
  async: 1,
  shout(text: string): string {
    return text + limit
  },
  *numbers(n: number): Iterable<number> {
    for (let i = 0; i < n; i++) yield i + limit
  },
  "with space"(n: number): number {
    return n + limit
  },
  delete(n: number): number {
    return n - limit
  },
}
const sparse: number[] = []
sparse[3] = 1
const frozen = Object.freeze({ list: [1] })
const sealed = Object.seal({ n: 1 })
const fixed = Object.preventExtensions([1])
const written = Object.defineProperties(
  {},
  { once: { value: 1, enumerable: true, configurable: true }, kept: { value: 2, writable: true } },
)
const locked = Object.freeze(class Locked {})
const url = new URL("http://x.org/a?b=1")
const format = new Intl.NumberFormat("de-DE", { minimumFractionDigits: 2 })
const failure = new RangeError("too far")
const key = Symbol.for("shared")
const bySymbol = { [key]: 1, [Symbol.toStringTag]: "Tagged" }

/** What a bundler makes: names that only the definition of a class uses are gone when it is captured. */
const bundled = (() => {
  const Base = class {
    constructor(readonly n: number) {}
    value(): number {
      return this.n * 2
    }
  }
  const rows = [["a", 1]] as const
  class Child extends Base {
    static readonly table = new Map<string, number>(rows)
    static double = (n: number): number => n * 2
    static later: number
    static {
      Child.later = rows.length
    }
  }
  const mixin = (Super: MapConstructor) =>
    class extends Super<string, number> {
      kind(): string {
        return "mixed"
      }
    }
  class Mixed extends mixin(Map) {}
  return { Child, Mixed }
})()
const decorated = Object.assign((n: number) => n + limit, { offset: 3, base: (n: number): number => n })
Object.setPrototypeOf(decorated, Object.create(Function.prototype, { extra: { value: 1 } }))

/** As classes were written before there was a word for them. */
function shape(): void {}
shape.prototype.sides = (n: number): number => n + limit
function squared(): void {}
squared.prototype = Object.create(shape.prototype, { constructor: { value: squared } })
function round(): void {}
round.prototype = { sides: (n: number): number => n - limit }
declare class Square {
  sides(n: number): number
}
const square = new (squared as never as typeof Square)()

const closures: [name: string, f: (...args: never[]) => unknown, args: unknown[]][] = [
  ["no captures", (v: number) => v + 1, [1]],
  ["number", (v: number) => v > limit, [6]],
  ["bigint", (v: bigint) => v + big, [1n]],
  ["odd values", () => [odd, Object.is(odd.minusZero, -0), "missing" in odd], []],
  ["map and set", (k: string) => [seen.get(k), [...seen.keys()][1], words.has("the"), words.has(k)], ["a"]],
  ["typed arrays", () => [floats[0], floats.length, bytes.toString(), bytes.length], []],
  ["regular expression", (t: string) => pattern.exec(t)?.groups?.word, ["12-ABC"]],
  ["cycle", () => cyclic.self === cyclic && cyclic.name, []],
  ["sharing", () => left.shared === right.shared, []],
  ["language functions", (v: number) => [max(v, 3), has.call({ a: 1 }, "a"), JSON.stringify([v])], [2]],
  ["recursion", (n: number) => factorial(n), [10]],
  ["two that call each other", (n: number) => [even(n), oddNumber(n)], [7]],
  ["itself", factorial, [6]],
  ["class", (name: string) => [new Bird(name).greet(), new Bird(name) instanceof Animal, Animal.made], ["tit"]],
  ["instance", () => [bird.greet(), bird instanceof Bird, bird.name, Object.keys(bird)], []],
  ["object with methods", (n: number) => [helper.add(n), helper.twice], [5]],
  ["loop variable 0", loop[0]!, [100]],
  ["loop variable 2", loop[2]!, [100]],
  ["method", method.shout, ["hey"]],
  ["generator method", (n: number) => [...method.numbers(n)], [3]],
  ["method with a quoted name", method["with space"], [3]],
  ["method with a reserved name", method.delete, [3]],
  ["imported", (t: string) => [slug(t), isBot(t), new Point(1, 2).length()], ["Hello  Wörld bot"]],
  ["imported namespace", (t: string) => library.slug(t), ["A b"]],
  ["destructuring and defaults", ({ a, b: [c = limit, ...d] = [] as number[] }: { a: number; b?: number[] }) => [a, c, d], [{ a: 1 }]],
  ["shadowing", (limit: number) => ((odd: number) => odd + limit)(2), [1]],
  [
    "hoisting",
    (n: number): unknown => {
      if (n) {
        // biome-ignore lint/correctness/noInnerDeclarations: that it is hoisted is the case
        var later: number | undefined = limit
      }
      return later!
    },
    [1],
  ],
  [
    "catch, labels, switch",
    (n: number) => {
      outer: for (const limit of [1, 2]) {
        switch (n) {
          case 1: {
            const odd = 2
            if (limit === odd) break outer
            break
          }
          default:
            try {
              throw n
            } catch (big) {
              return big
            }
        }
      }
      return limit
    },
    [1],
  ],
  ["sparse array", () => [sparse.length, 0 in sparse, sparse[3]], []],
  ["frozen", () => [Object.isFrozen(frozen), frozen.list], []],
  [
    "sealed, not to be extended",
    () => [Object.isSealed(sealed), Object.isFrozen(sealed), Object.isExtensible(fixed), Object.isSealed(fixed)],
    [],
  ],
  ["attributes of properties", () => [Object.getOwnPropertyDescriptors(written), Object.isFrozen(locked)], []],
  ["made by constructors", (n: number) => [url.searchParams.get("b"), format.format(n)], [1234.5]],
  ["error", () => [failure instanceof RangeError, failure.message, failure.name], []],
  ["registered symbols", () => [bySymbol[key], Object.prototype.toString.call(bySymbol)], []],
  [
    "classes whose definition is long over",
    (n: number) => [
      new bundled.Child(n).value(),
      bundled.Child.table.size,
      bundled.Child.double(n),
      bundled.Mixed.name.length,
      new bundled.Mixed().kind(),
    ],
    [3],
  ],
  ["a function with members and a prototype", (n: number) => [decorated(n), decorated.offset, decorated.base(n)], [1]],
  [
    "an instance of what a function makes",
    () => [square.sides(1), square instanceof shape, square.constructor === squared, new (round as never as typeof Square)().sides(2)],
    [],
  ],
  ["Node's modules of pure functions", (t: string) => [basename(t), path.extname(t), util.inspect({ a: 1 })], ["/x/y.ts"]],
  ["what may not exist", () => [typeof notThere === "undefined", typeof process === "object" ? "process" : "none"].length, []],
  [
    "assigning inside",
    (n: number) => {
      let total = 0
      const add = (): void => {
        total += n
      }
      add()
      ;[total] = [total + 1]
      return total
    },
    [4],
  ],
  ["a language function itself", Math.abs, [-4]],
  ["built-in", (a: number) => sum(a, limit), [1]],
]
declare const notThere: unknown

for (const [name, f, args] of closures) {
  test(name, () => {
    const expected = (f as (...args: unknown[]) => unknown)(...args)
    const actual = (travel(f) as (...args: unknown[]) => unknown)(...args)
    assert.equal(actual, expected)
  })
}

// ── each task gets its own ────────────────────────────────────────────────────────────────
test("a mutated capture does not leak into the next task, nor back here", () => {
  const counted = new Set<number>()
  const ref = captureFunction((n: number) => counted.add(n).size, { operator: "map" })
  const compiler = new FunctionCompiler()
  for (let task = 0; task < 2; task++) {
    const f = compiler.compile(ref, { ...env }) as (n: number) => number
    assert.equal([f(1), f(2), f(2)], [1, 2, 2])
  }
  assert.is(counted.size, 0)
})

test("captures are as they were at definition", () => {
  let n = 1
  const f = travel(() => n)
  n = 2
  assert.is(f(), 1)
})

test("a captured expression with g begins at 0 for every record", () => {
  sticky.lastIndex = 1
  const f = travel((t: string) => [sticky.test(t), sticky.test(t)])
  assert.equal(
    [f("a"), f("a")],
    [
      [true, false],
      [true, false],
    ],
  )
})

test("the clock is the interval's start", () => {
  const f = travel(() => [
    Date.now(),
    new Date().toISOString(),
    Number(new Date(5)),
    new Date() instanceof Date,
    Date.UTC(2020, 1),
    typeof Date(),
  ])
  assert.equal(f(), [env.intervalStart, new Date(env.intervalStart).toISOString(), 5, true, Date.UTC(2020, 1), "string"])
  assert.ok((travel((d: unknown) => d instanceof Date) as (d: unknown) => boolean)(new Date()))
})

test("random numbers repeat with the seed, and differ without", () => {
  const f = () => [Math.random(), Math.random()]
  assert.equal(travel(f)(), travel(f)())
  assert.not.equal(travel(f)(), travel(f, { seed: "views|2|0" })())
  const [a, b] = travel(f)()
  assert.ok(a !== b && a! >= 0 && a! < 1)
})

test("the console is captured, in nested functions too", () => {
  const lines: unknown[] = []
  const inner = (v: number): void => console.warn("inner", v)
  travel(
    (v: number) => {
      console.log("v is", v)
      inner(v)
    },
    { log: (level, args) => lines.push([level, ...args]) },
  )(3)
  assert.equal(lines, [
    ["log", "v is", 3],
    ["warn", "inner", 3],
  ])
})

// ── bytes ─────────────────────────────────────────────────────────────────────────────────
test("equal functions have equal bytes, wherever they were written", () => {
  const make =
    (n: number): (() => number) =>
    () =>
      n
  const hash = (f: Function, line: number): string =>
    captureFunction(f, { operator: "map", origin: { file: "a.ts", line, column: 1, text: "" } }).hash
  assert.is(hash(make(1), 1), hash(make(1), 9))
  assert.is.not(hash(make(1), 1), hash(make(2), 1))
  assert.match(hash(make(1), 1), /^[0-9a-f]{16}$/)
  const bytes = (): Uint8Array => encodeFunction(captureFunction(() => [seen, cyclic, bird], { operator: "map" }))
  assert.equal(bytes(), bytes())
  // The same text, once held by V8 in two bytes a character.
  const twoByte = `${"\u{1f600}"}plain`.slice(2)
  assert.is(captureFunction(() => twoByte, { operator: "map" }).hash, captureTwin().hash)
})

function captureTwin(): { hash: string } {
  const twoByte = "plain"
  return captureFunction(() => twoByte, { operator: "map" })
}

test("hash and origin survive the journey", () => {
  const ref = captureFunction(() => limit, { operator: "map", origin: { file: "a.ts", line: 3, column: 5, text: "x" } })
  const back = decodeFunction(encodeFunction(ref))
  assert.equal(back, ref)
  assert.equal(back.captured, [{ name: "limit", value: 5, shown: "5" }])
})

test("built-ins go by name", () => {
  assert.equal(linkFunction(sum, { operator: "reduceByKey" }), { link: { kind: "builtin", name: "sum" }, assets: [] })
  const { link, assets, ref } = linkFunction((v: number) => v, { operator: "map" })
  assert.equal(link, { kind: "function", hash: ref!.hash })
  assert.equal(
    assets.map(({ hash }) => hash),
    [ref!.hash],
  )
})

test("a long list does not exhaust the stack", () => {
  interface Node {
    next: Node | null
    n: number
  }
  let list: Node | null = null
  for (let n = 0; n < 50_000; n++) list = { next: list, n }
  const length = travel(() => {
    let n = 0
    for (let at = list; at; at = at.next) n++
    return n
  })()
  assert.is(length, 50_000)
})

test("bytes that are not a function are refused", () => {
  assert.throws(() => decodeFunction(new Uint8Array([1, 2, 3])), /an asset of 3 bytes is not a function/)
  const bytes = encodeFunction(captureFunction(() => floats, { operator: "map" }))
  assert.throws(() => decodeFunction(bytes.subarray(0, bytes.length - 3)), /cut off/)
})

test.run()
