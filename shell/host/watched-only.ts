/**
 * Streams that run for a panel alone. The problem: `.watch`, or `watch(…)`, of an expression with a state in it begins a stream that has
 * no name, and when its panel is closed the cluster would compute it on, for nobody. The solution: what such an expression began ends when no panel shows it and
 * nothing here holds it: no variable, nor `_`, which is asked again after each cell. What has a name by then, or carries what has one, stays.
 */
import type { ClientSession } from "../../cluster/client/session.js"
import { streamsIn, streamsOfRdd } from "../../cluster/client/tree.js"
import type { StreamId } from "../../engine/definition.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Evaluator } from "../evaluator/evaluator.js"
import { runs } from "./kinds.js"

interface Holders {
  readonly session: ClientSession
  readonly evaluator: Pick<Evaluator, "names" | "peek" | "last">
  /** What open panels show. */
  readonly shown: () => readonly unknown[]
}

export class WatchedOnly {
  private readonly begun = new Set<StreamId>()
  private known: ReadonlySet<StreamId> = new Set()
  private ended = Promise.resolve()

  constructor(private readonly holders: Holders) {}

  /** A cell begins: what it watches is new if it is not there yet. */
  cell(): void {
    this.known = new Set(this.holders.session.host.definitions.all().map(({ id }) => id))
  }

  /** A panel shows it: notes what it is made of and was not `known`, which is what there was before the cell. */
  shows(stream: unknown, known = this.known): void {
    const { definitions } = this.holders.session.host
    for (const id of this.under(stream)) if (!known.has(id) && definitions.mayName(id) && runs(definitions.get(id).kind)) this.begun.add(id)
  }

  /** What was there before the cell that runs. */
  get before(): ReadonlySet<StreamId> {
    return this.known
  }

  /** After a panel was closed, and after a cell. Never throws: what the master refuses to end has another use. */
  end(): Promise<void> {
    if (this.begun.size === 0) return this.ended
    this.ended = this.ended.then(() => this.endFree()).catch(() => {})
    return this.ended
  }

  private async endFree(): Promise<void> {
    const free = await this.free()
    if (free.length === 0) return
    for (const id of free) this.begun.delete(id)
    await this.holders.session.host.changes.stop(free, { cascade: false, force: false, undoable: false })
  }

  private async free(): Promise<StreamId[]> {
    const { evaluator, shown, session } = this.holders
    const near = this.heldBy([...shown(), evaluator.last])
    if ([...this.begun].every(id => near.has(id))) return []
    const held = this.heldBy([...shown(), evaluator.last, ...(await Promise.all(evaluator.names().map(name => evaluator.peek(name))))])
    const catalog = await session.host.catalog()
    const unnamed = new Set(catalog.filter(({ definition }) => !definition.named).map(({ definition }) => definition.id))
    for (const id of this.begun) if (!unnamed.has(id)) this.begun.delete(id)
    return [...this.begun].filter(id => !held.has(id))
  }

  /** What is in a list or an object counts. */
  private heldBy(values: readonly unknown[]): Set<StreamId> {
    const held = new Set<StreamId>()
    for (const value of values) {
      const inside = typeof value === "object" && value !== null && handleData(value) === undefined ? ownValues(value) : []
      for (const one of [value, ...inside]) for (const id of this.under(one)) held.add(id)
    }
    return held
  }

  /** The streams that a handle stands for, or is made of. */
  private under(handle: unknown): Set<StreamId> {
    const data = handleData(handle)
    const { definitions } = this.holders.session.host
    const found = new Set<StreamId>()
    const visit = (asked: StreamId) => {
      const id = definitions.idOf(asked)
      if (found.has(id) || !definitions.has(id)) return
      found.add(id)
      streamsIn(definitions.get(id).node).forEach(visit)
    }
    if (data?.kind === "rdd") streamsOfRdd(data.node).forEach(visit)
    else if (data) visit(data.id)
    return found
  }
}

/** Without calling getters. */
function ownValues(value: object): unknown[] {
  return Object.values(Object.getOwnPropertyDescriptors(value)).map(({ value }) => value)
}
