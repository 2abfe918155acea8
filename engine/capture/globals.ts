/**
 * Which global names a function may use as they are (the language itself, and a few deterministic helpers of the
 * platform), which the task replaces, and which are not there inside a task, with what to do instead.
 */

/** Given anew to each task (`environment.ts`), so that recomputation gives the same. */
export const replacedGlobals: readonly string[] = ["Date", "Math", "console", "globalThis", "performance"]

/** The same in every task; never shipped. */
export const sharedGlobals: ReadonlySet<string> = new Set([
  ..."AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean Buffer DataView Error EvalError".split(" "),
  ..."Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map NaN Number Object".split(" "),
  ..."Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TextDecoder TextEncoder TypeError URIError".split(" "),
  ..."URL URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet atob btoa decodeURI".split(" "),
  ..."AbortController AbortSignal Blob DOMException Event EventTarget File FormData Headers Request Response".split(" "),
  ..."decodeURIComponent encodeURI encodeURIComponent escape isFinite isNaN parseFloat parseInt structuredClone unescape undefined".split(
    " ",
  ),
])

const io = "read it before, and capture the result; or do it in foreachRDD"
const timers = ["Timeout", "Interval", "Immediate"].flatMap(kind => [`set${kind}`, `clear${kind}`])
const timer = "a function gives its result at once: a task has no timers"

/** Not there inside a task. The value says what to do instead. */
export const hiddenGlobals: ReadonlyMap<string, string> = new Map([
  ["process", "capture the value that you need: const home = process.env.HOME"],
  ["require", "import the module at the top of the file and use what it exports"],
  ["module", "capture the value that you need"],
  ["exports", "capture the value that you need"],
  ["__filename", "capture the value that you need"],
  ["__dirname", "capture the value that you need"],
  ["global", "capture the value that you need"],
  ...timers.map(name => [name, timer] as const),
  ["queueMicrotask", timer],
  ["fetch", io],
  ["WebSocket", io],
  ["BroadcastChannel", io],
  ["MessageChannel", io],
  ["Promise", "a function gives its result at once; join with an RDD, or do I/O in foreachRDD"],
  ["crypto", "use the random of Math, which is seeded: the same in every recomputation"],
  ["WeakRef", "hold the object itself"],
  ["FinalizationRegistry", "hold the object itself"],
  ["SharedArrayBuffer", "use a typed array"],
  ["Atomics", "use a typed array"],
  ["WebAssembly", "write it in JavaScript"],
])

/** What a `foreachRDD` body, which runs on a driver thread, may use besides. */
export const driverGlobals: ReadonlySet<string> = new Set([...timers, ..."Promise fetch queueMicrotask crypto process".split(" ")])

/**
 * Functions and prototypes of the language by their path (`Math.max`, `Object.prototype.hasOwnProperty`): native code that
 * can travel by name. Built when first needed; `globals` is whose own objects they are (a cell's context has its own).
 */
export function intrinsicPaths(globals: object): Map<unknown, string> {
  const paths = new Map<unknown, string>()
  const note = (value: unknown, path: string): void => {
    if ((typeof value === "function" || (typeof value === "object" && value !== null)) && !paths.has(value)) paths.set(value, path)
  }
  const members = (owner: unknown, path: string): void => {
    if ((typeof owner !== "object" && typeof owner !== "function") || owner === null) return
    for (const key of Object.getOwnPropertyNames(owner)) {
      if (key === "constructor" || key === "caller" || key === "callee" || key === "arguments") continue
      const descriptor = Object.getOwnPropertyDescriptor(owner, key)
      if (descriptor && "value" in descriptor) note(descriptor.value, `${path}.${key}`)
    }
  }
  const names = [...sharedGlobals, "Math", "Date", "console"].sort()
  const named = names.map(name => [name, (globals as Record<string, unknown>)[name]] as const)
  note(globals, "globalThis")
  for (const [name, value] of named) note(value, name)
  for (const [name, value] of named) members(value, name)
  for (const [name, value] of named) {
    if (typeof value === "function") members(value.prototype, `${name}.prototype`)
  }
  return paths
}

/** Node's modules of pure functions: the same on every worker, so what they export travels by name. */
export const pureModules: ReadonlySet<string> = new Set([
  "node:buffer",
  "node:path",
  "node:querystring",
  "node:string_decoder",
  "node:url",
  "node:util",
])

/**
 * What Node's own modules export, by `node:path` or `node:path.join`, to travel by name or
 * to say `createHash comes from node:crypto` in place of a walk through Node's internals. Only modules that are loaded already: no other value can be captured.
 */
export function builtinModuleMembers(): Map<unknown, string> {
  const members = new Map<unknown, string>()
  const names =
    "path querystring string_decoder url util buffer events net tls http https http2 dgram stream fs fs/promises child_process worker_threads cluster readline crypto zlib os assert timers timers/promises perf_hooks v8 vm dns tty async_hooks inspector module diagnostics_channel"
  const { moduleLoadList } = process as unknown as { moduleLoadList: readonly string[] }
  const loaded = new Set(moduleLoadList)
  for (const name of names.split(" ")) {
    if (!loaded.has(`NativeModule ${name}`)) continue
    const exported: unknown = process.getBuiltinModule(`node:${name}`)
    if ((typeof exported !== "object" && typeof exported !== "function") || exported === null) continue
    members.set(exported, `node:${name}`)
    for (const key of Object.getOwnPropertyNames(exported)) {
      const value: unknown = Object.getOwnPropertyDescriptor(exported, key)?.value
      if ((typeof value === "function" || (typeof value === "object" && value !== null)) && !members.has(value)) {
        members.set(value, `node:${name}.${key}`)
      }
    }
  }
  return members
}
