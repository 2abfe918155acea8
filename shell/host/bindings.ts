/**
 * Names of the cluster's streams in a shell. The problem: others define and rename streams while a shell is open, and asking before
 * every cell makes each one wait for the master. The solution: a cell that says a name nobody knows here asks first; any other runs
 * at once, and whether its names stand for other streams by now is looked at when it has its answer.
 */
import { bindable } from "../../cluster/client/find-stream.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Evaluator } from "../evaluator/evaluator.js"
import { freeWords } from "./free-words.js"
import { LiveTypes } from "./live-types.js"
import type { OtherStream } from "./saved-cells.js"

export class Bindings {
  /** Streams bound from outside, by name: which. */
  private readonly bound = new Map<string, string>()
  /** Once the cell is done, for the next one. */
  private looksAgain = false

  constructor(
    private readonly session: ClientSession,
    private readonly evaluator: Evaluator,
  ) {}

  /** At the shell's start: every stream that was there when its session was opened under its short name, where that is unique. */
  start(): void {
    for (const [name, handle] of bindable(this.session.host)) this.take(name, idOf(handle), handle)
  }

  /** Before a cell: binds what others have named since, if the cell says a name that is not known here. */
  async before(cell: string): Promise<void> {
    const known = new Set(this.evaluator.names())
    const words = freeWords(cell)
    const unknown = words.some(word => !(known.has(word) || word in globalThis || reserved.has(word)))
    if (unknown) await this.bindOthers()
    else this.looksAgain ||= words.some(word => this.bound.has(word))
  }

  /** After a cell. */
  after(): void {
    if (this.looksAgain) void this.bindOthers().catch(() => {})
    this.looksAgain = false
  }

  /** Those of these names that stand for streams of the cluster that this shell did not declare. */
  async others(names: readonly string[]): Promise<OtherStream[]> {
    const { definitions } = this.session.host
    const types = new Map<string, string>()
    const live = new LiveTypes(this.session, this.evaluator, (name, type) => types.set(name, type))
    const bound = names.filter(name => this.bound.has(name))
    await Promise.all(bound.map(name => live.of(name, false)))
    return bound.map(name => {
      const { program, name: its } = definitions.get(definitions.idOf(this.bound.get(name)!))
      return { name, whole: `${program}/${its}`, type: types.get(name) }
    })
  }

  /** Streams of the cluster that have the short name, as `program/name`. */
  streams(name: string): string[] {
    const found = this.session.host.definitions.find(name)
    return found.flatMap(({ program, name, named, kind }) => (named && kind !== "output" ? [`${program}/${name}`] : []))
  }

  /** The shell has declared the name: it is its own from now on. */
  declared(name: string): void {
    this.bound.delete(name)
  }

  /** Binds what is not known here, or stands for another stream. Names that this shell declared are its own. */
  private async bindOthers(): Promise<void> {
    const known = new Set(this.evaluator.names())
    for (const [name, handle] of await this.session.bindAll()) {
      const id = idOf(handle)
      if (this.bound.get(name) === id || (known.has(name) && !this.bound.has(name))) continue
      this.take(name, id, handle)
    }
  }

  private take(name: string, id: string, handle: unknown): void {
    this.bound.set(name, id)
    this.evaluator.bind(name, handle)
  }
}

/** Words of the language that are neither names here nor of the global object. */
const reserved = new Set(
  "async await break case catch class const continue debugger default delete do else export extends false finally for function if import in instanceof let new null of return super switch this throw true try type typeof undefined var void while with yield".split(
    " ",
  ),
)

function idOf(handle: unknown): string {
  const data = handleData(handle)
  return data?.kind === "stream" ? data.id : ""
}
