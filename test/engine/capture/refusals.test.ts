import { createHash } from "node:crypto"
import { EventEmitter } from "node:events"
import * as fs from "node:fs"
import { Socket } from "node:net"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type CaptureOptions, captureFunction } from "../../../engine/capture/capture.js"
import { CaptureError } from "../../../engine/capture/refusal.js"
import { counted } from "./library.js"

const test = suite("functions that cannot travel")
const cannot = "this function cannot be sent to the workers: "

class LookupCache {
  readonly client = new Socket()
  readonly names = new Map([["a", 1]])
  has(name: string): boolean {
    return this.names.has(name)
  }
}
class Counter {
  #n = 0
  next(): number {
    return ++this.#n
  }
}
class Bus extends EventEmitter {}
class Limits {
  readonly limit = 3
  filter(): (v: number) => boolean {
    return v => v > this.limit
  }
}

const cache = new LookupCache()
const pending = Promise.resolve(1)
const weak = new WeakMap()
const unique = Symbol("id")
const proxy = new Proxy({}, {})
const counter = new Counter()
const bus = new Bus()
const iterator = [1].values()
const bound = ((a: number): number => a).bind(null, 1)
const list = [{ fine: 1 }, { deep: new Map([["k", { socket: new Socket() }]]) }]
const views = { [Symbol.for("rivulet.handle")]: { kind: "stream", id: "s.1" }, name: "views" }
const readLine = (): string => process.title
const later = async (v: number): Promise<number> => v
const weakUser = (v: object): boolean => weak.has(v)
let total = 0
let last: unknown
const pair = { n: 0 }

const table: [name: string, f: Function, message: string, options?: { try?: RegExp; at?: string; operator?: Partial<CaptureOptions> }][] = [
  [
    "socket in an instance",
    (v: string) => cache.has(v),
    `${cannot}cache.client is a Socket (captured: cache (LookupCache) → .client (Socket))`,
    { at: "cache" },
  ],
  [
    "socket deep down",
    () => list.length,
    `${cannot}list[1].deep.get("k").socket is a Socket (captured: list (Array) → [1] (Object) → .deep (Map) → .get("k") (Object) → .socket (Socket))`,
  ],
  ["promise", (v: number) => [v, pending], `${cannot}pending is a Promise`, { try: /await it before: const value = await pending/ }],
  ["WeakMap", (v: object) => weak.has(v), `${cannot}weak is a WeakMap`, { try: /use a Map or Set/ }],
  [
    "through a helper",
    (v: object) => weakUser(v),
    `${cannot}weakUser → weak is a WeakMap (captured: weakUser (function) → weak (WeakMap))`,
  ],
  ["unique symbol", () => unique, `${cannot}unique is a Symbol, which is another one on each worker`, { try: /Symbol\.for\("id"\)/ }],
  ["proxy", () => proxy, `${cannot}proxy is a Proxy`],
  ["private fields", () => counter.next(), `${cannot}counter is a Counter with the private field #n, which cannot be read`],
  ["instance of a class that extends one of Node's", () => bus.listenerCount("x"), `${cannot}bus is a Bus`],
  ["iterator", () => iterator.next(), `${cannot}iterator is an iterator, which can be read only once`],
  ["bound function", () => bound(), `${cannot}bound is a bound function, whose parts cannot be read`],
  ["bound function itself", bound, `${cannot}it is a bound function, whose parts cannot be read`],
  [
    "Node's function",
    (v: string) => createHash("md5").update(v).digest("hex"),
    `${cannot}createHash comes from node:crypto, which is not there inside a task`,
  ],
  [
    "Node's module",
    (v: string) => fs.readFileSync(v),
    `${cannot}fs.readFileSync comes from node:fs, which is not there inside a task (captured: fs (module) → .readFileSync (function))`,
  ],
  ["handle", (v: number) => [v, views], `${cannot}views is a stream or RDD, and a function on the workers gets records`, { try: /join/ }],
  [
    "this in an arrow",
    new Limits().filter(),
    `${cannot}it uses \`this\`, which does not travel`,
    { try: /const limit = this\.limit/, at: "this" },
  ],
  ["this in a method", Limits.prototype.filter, `${cannot}it uses \`this\`, which does not travel`],
  ["async", async (v: number) => v, "an operator's function cannot be async: join with an RDD, or do it in foreachRDD"],
  [
    "async generator",
    async function* (v: number) {
      yield v
    },
    "an operator's function cannot be async: join with an RDD, or do it in foreachRDD",
  ],
  [
    "async inside",
    (v: number) => (async () => v)(),
    "an operator's function cannot be async: join with an RDD, or do it in foreachRDD",
    { at: "async" },
  ],
  ["async helper", (v: number) => later(v), `${cannot}later is async`],
  [
    "+=",
    (v: number) => {
      total += v
    },
    `${cannot}total is assigned to, and what a copy writes there is lost`,
    { try: /runningReduce/, at: "total" },
  ],
  ["++", () => total++, `${cannot}total is assigned to, and what a copy writes there is lost`],
  [
    "destructuring assignment",
    (v: { a: number }) => {
      ;({ a: total } = v)
    },
    `${cannot}total is assigned to, and what a copy writes there is lost`,
  ],
  [
    "array and rest assignment",
    (v: number[]) => {
      ;[, ...last as number[]] = v
    },
    `${cannot}last is assigned to, and what a copy writes there is lost`,
  ],
  [
    "for of assignment",
    (v: number[]) => {
      for (total of v) if (total) break
    },
    `${cannot}total is assigned to, and what a copy writes there is lost`,
  ],
  ["??=", (v: number) => (last ??= v), `${cannot}last is assigned to, and what a copy writes there is lost`],
  [
    "assignment in a nested function",
    (v: number[]) =>
      v.forEach(n => {
        total += n
      }),
    `${cannot}total is assigned to, and what a copy writes there is lost`,
  ],
  [
    "assignment in an imported function",
    () => counted(),
    `${cannot}counted → calls is assigned to, and what a copy writes there is lost (captured: counted (function) → calls (number))`,
  ],
  ["process", () => process.env.HOME, `${cannot}process is not there inside a task`, { try: /const home = process\.env\.HOME/ }],
  [
    "process in a helper",
    () => readLine(),
    `${cannot}readLine → process is not there inside a task (captured: readLine (function) → process (global))`,
  ],
  ["timer", () => setTimeout(() => {}, 1), `${cannot}setTimeout is not there inside a task`],
  ["fetch", (v: string) => fetch(v), `${cannot}fetch is not there inside a task`, { try: /foreachRDD/ }],
  ["import()", () => import("node:fs"), `${cannot}it uses import()`],
  ["import.meta", () => import.meta.url, `${cannot}it uses import.meta`],
  // biome-ignore lint/security/noGlobalEval: it is refused
  ["eval", (v: string) => eval(v), `${cannot}it uses eval, whose variables cannot be seen`],
  ["undefined name", new Function("v", "return v + nowhere"), `${cannot}nowhere is not defined`, { at: "nowhere" }],
  ["class", LookupCache, "map needs a function, not a class"],
  ["method of the language", Array.prototype.map, `${cannot}map is a native function`],
  ["no function", 3 as unknown as Function, "map needs a function, not 3"],
]

for (const [name, f, message, expected = {}] of table) {
  test(name, () => {
    let error: unknown
    try {
      captureFunction(f, { operator: "map", ...expected.operator })
    } catch (caught) {
      error = caught
    }
    assert.instance(error, CaptureError)
    const refused = error as CaptureError
    assert.is(refused.message, message)
    assert.is(refused.code, 2)
    assert.ok(refused.try)
    if (expected.try) assert.match(refused.try!, expected.try)
    if (expected.at) assert.is(refused.source.slice(refused.at!, refused.at! + expected.at.length), expected.at)
  })
}

test("an object's field may be written: each task has its own", () => {
  captureFunction(
    () => {
      pair.n++
      return pair.n
    },
    { operator: "map" },
  )
})

test("what is declared further down has no value yet; what is undefined by right travels", () => {
  const why = (f: Function) => {
    try {
      captureFunction(f, { operator: "map" })
      return "travels"
    } catch (error) {
      return (error as Error).message.replace(cannot, "")
    }
  }
  const nothing = undefined
  let unset: number | undefined
  const helper = (v: number) => v * factor
  const found = [
    why((v: number) => v > limit),
    why((v: number) => helper(v)),
    why(() => new Later()),
    why(() => [a, unset, nothing]),
    why(() => [unset, nothing, below]),
    why(
      (
        (limit: unknown) => () =>
          limit
      )(undefined),
    ),
    ...[undefined].map(factor => why(() => factor)),
  ]
  const limit = 5
  const factor = 2
  class Later {}
  const { a } = { a: 1 }
  let below: number | undefined
  void [limit, Later, below]
  const yet = (name: string) => `${name} has no value yet: it is declared further down`
  const throughHelper = `${yet("helper → factor")} (captured: helper (function) → factor (undefined))`
  assert.equal(found, [yet("limit"), throughHelper, yet("Later"), yet("a"), "travels", "travels", "travels"])
  assert.is(
    why((v: number) => v > limit * factor),
    "travels",
  )
})

test("a driver's function may be async, hold handles, and use the platform", () => {
  const ref = captureFunction(
    async () => {
      await fetch("http://x")
      return [views, process.pid]
    },
    { operator: "foreachRDD", allowAsync: true, allowHandles: true },
  )
  assert.equal(
    ref.captured.map(one => one.name),
    ["views"],
  )
  assert.equal(ref.heap, [{ kind: "handle", data: '{"kind":"stream","id":"s.1"}' }])
})

test.run()
