/**
 * The session as a TypeScript module: a declaration for each name that a cell may use. A name that is declared again has a new
 * declaration in place of the old one, and one that a cell declared goes before one of the cluster.
 */
import type { Declaration, LiveNames } from "./messages.js"

/** Types that cells may name. (`Partial` stays the language's.) */
const typeNames =
  "AccessLog Answer ApproximateCount Aside By Change DStream Definition Duration Explain Field Formats Handle HistoryOptions InputDStream InputOptions Interval JobInfo Lineage LogLine Output Pairs Plain Plan Plot ProgramInfo RDD SaveOptions Series Session SnapshotDStream Snapshots Stamp StateDStream StateOptions Stats StreamInfo StreamState TimeLike Tuple Value Watch Why WorkerInfo".split(
    " ",
  )

const verbs =
  "readStream readHistory textFile parquetFile parallelize union watch streams programs workers jobs logs drained stopped clock".split(" ")

const globals: ReadonlyMap<string, string> = new Map([
  ...verbs.map((name): [string, string] => [name, `export declare const ${name}: Rivulet.Session["${name}"]`]),
  ...(
    [
      ["sum", "a + b, for `reduceByKey(sum)` and `runningReduce(sum)`.", "(a: number, b: number): number"],
      ["max", "The greater; NaN if either is.", "(a: number, b: number): number"],
      ["min", "The smaller; NaN if either is.", "(a: number, b: number): number"],
      [
        "diff",
        "Keys whose value differs, or that one side lacks; numbers with their `delta`.",
        "<K, V>(before: Rivulet.RDD<[K, V]>, after: Rivulet.RDD<[K, V]>): Rivulet.RDD<Rivulet.Change<K, V>>",
      ],
    ] as const
  ).map(([name, doc, signature]): [string, string] => [name, `/** ${doc} */\nexport declare function ${name}${signature}`]),
  ["_", "/** The last value. */\nexport declare const _: any"],
  ["_error", "/** The last error. */\nexport declare const _error: Error"],
  ["Out", "/** Answers by the number under them. */\nexport declare const Out: readonly any[]"],
])

/** What Node gives cells beyond the language, as far as their types matter here: not at all. */
export const ambientText = `${"AbortController Buffer TextDecoder TextEncoder URL URLSearchParams clearInterval clearTimeout clearImmediate console crypto fetch performance process queueMicrotask setImmediate setInterval setTimeout structuredClone"
  .split(" ")
  .map(name => `declare const ${name}: any`)
  .join("\n")}
type Buffer = any
type URL = any
declare module "*"
`

export class SessionText {
  private readonly declared = new Map<string, Declaration>()
  private readonly live = new Map<string, string>()

  /** @param types path of the library's types, as an import writes it */
  constructor(private readonly types: string) {}

  declare(declarations: readonly Declaration[]): void {
    for (const one of declarations) {
      this.declared.delete(one.name)
      this.declared.set(one.name, one)
    }
  }

  setLive(names: LiveNames): void {
    for (const [name, type] of Object.entries(names)) {
      if (type === null) this.live.delete(name)
      else this.live.set(name, type)
    }
  }

  /** Values and types that a cell may use. */
  names(): string[] {
    return [...this.blocks().keys()].filter(name => name !== "Rivulet")
  }

  text(): string {
    return [...this.blocks().values()].join("\n")
  }

  private blocks(): Map<string, string> {
    const types = JSON.stringify(this.types)
    const blocks = new Map<string, string>([["Rivulet", `import type * as Rivulet from ${types}`]])
    for (const name of typeNames)
      if (!this.declared.has(name)) blocks.set(name, `import type { ${name} } from ${types}; export type { ${name} }`)
    for (const [name, text] of globals) blocks.set(name, text)
    for (const verb of ["stream", "state"]) blocks.set(verb, this.finder(verb))
    for (const [name, type] of this.live) if (/^[\w$]+$/.test(name)) blocks.set(name, `export declare const ${name}: ${type}`)
    for (const { name, text, open } of this.declared.values()) if (!open || !this.live.has(name)) blocks.set(name, text)
    return blocks
  }

  /** `stream("views")` and `state("counts")` with a name that is known have the stream's type. */
  private finder(verb: string): string {
    const known = [...this.live].filter(([name]) => name.startsWith(`${verb} "`))
    const forms = known.map(([name, type]) => `(name: ${name.slice(verb.length + 1)}): ${type};`)
    return `export declare const ${verb}: { ${forms.join(" ")} } & Rivulet.Session["${verb}"]`
  }
}
