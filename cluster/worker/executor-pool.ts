/**
 * Which executor runs what next. Executors `0 … stream-1` run tasks of streams, the others those of queries. Each has a
 * short queue of its own (so that a thread need not wait for the main thread between small tasks); the rest waits here,
 * where it can be withdrawn and where whoever is idle first may take it.
 *
 * A task with an affinity waits for its own executor (which caches its state); of what an executor may take, the task that
 * became ready first goes first. While stream tasks wait, one query task may run at most: a question must not make an
 * interval late.
 *
 * A task that runs long while others' wait is set *apart*: it keeps its thread, the executor gets another one, and its
 * group (the stream or question it is of) gets no further executor here until it has ended. So a function that never
 * returns costs its own stream, and of the others only their share of the machine.
 */

export interface Poolable {
  readonly pool: "stream" | "query"
  readonly affinity: number | null
  /** The stream or question it is of. */
  readonly group: string
}

const none: ReadonlySet<number> = new Set()

export class ExecutorPool<T extends Poolable> {
  readonly #streams: number
  readonly #depth: number
  /** What each executor was given, in order: the first runs. */
  readonly #given: T[][]
  readonly #shared: { readonly stream: T[]; readonly query: T[] } = { stream: [], query: [] }
  readonly #own: T[][]
  /** Of waiting tasks: when they became ready. */
  readonly #order = new Map<T, number>()
  /** Tasks set apart, by group. */
  readonly #apart = new Map<string, number>()
  #ready = 0
  /** Integral of busy stream executors over time, since `#loadFromMs`. */
  #busyMs = 0
  #sinceMs = 0
  #loadFromMs = 0

  /** `depth`: how many tasks an executor is given at most. */
  constructor(streams: number, queries: number, depth: number) {
    this.#streams = streams
    this.#depth = depth
    this.#given = Array.from({ length: streams + queries }, () => [])
    this.#own = Array.from({ length: streams }, () => [])
  }

  /** Tasks that wait here for an executor. */
  get waiting(): number {
    return this.#order.size
  }

  add(task: T): void {
    this.#order.set(task, ++this.#ready)
    this.#listOf(task).push(task)
  }

  /** Withdraws a task that waits here. False when it does not. */
  remove(task: T): boolean {
    if (!this.#order.delete(task)) return false
    const list = this.#listOf(task)
    list.splice(list.indexOf(task), 1)
    return true
  }

  /** The task that the executor runs now. */
  head(executor: number): T | null {
    return this.#given[executor]?.[0] ?? null
  }

  /** Whether tasks of other groups wait that this executor could run if its head were not there. */
  othersWait(executor: number): boolean {
    const given = this.#given[executor]!
    const head = given[0]
    if (head === undefined) return false
    const isOther = (task: T) => task.group !== head.group && !this.#apart.has(task.group)
    if (given.some(isOther)) return true
    if (executor >= this.#streams) return this.#shared.query.some(isOther)
    return this.#own[executor]!.some(isOther) || this.#shared.stream.some(isOther)
  }

  /** The executor's head goes on apart from it. */
  setApart(executor: number, nowMs: number): void {
    this.#account(nowMs)
    const head = this.#given[executor]!.shift()
    if (head !== undefined) this.#apart.set(head.group, (this.#apart.get(head.group) ?? 0) + 1)
  }

  /** A task that was set apart is over. */
  rejoin({ group }: T): void {
    const left = (this.#apart.get(group) ?? 0) - 1
    if (left > 0) this.#apart.set(group, left)
    else this.#apart.delete(group)
  }

  /** How many tasks run apart. */
  get apart(): number {
    let apart = 0
    for (const count of this.#apart.values()) apart += count
    return apart
  }

  /** The executor is done with the task. */
  release(executor: number, task: T, nowMs: number): void {
    const given = this.#given[executor]
    const at = given?.indexOf(task) ?? -1
    if (given === undefined || at < 0) return
    this.#account(nowMs)
    given.splice(at, 1)
  }

  /**
   * The next task and the executor to give it to; null when nothing can be given now. `busy`: executors at something that is no
   * task, after which the next one would have to wait.
   */
  next(nowMs: number, busy: ReadonlySet<number> = none): { readonly task: T; readonly executor: number } | null {
    const all = [...this.#given.keys()]
    const order = busy.size === 0 ? all : [...all.filter(one => !busy.has(one)), ...busy]
    // All get one before any gets two.
    for (let depth = 0; depth < this.#depth; depth++) {
      for (const executor of order) {
        const given = this.#given[executor]!
        if (given.length !== depth) continue
        const task = executor < this.#streams ? this.#takeStream(executor, depth) : this.#takeQuery(depth)
        if (task === null) continue
        this.#order.delete(task)
        this.#account(nowMs)
        given.push(task)
        return { task, executor }
      }
    }
    return null
  }

  /** Busy share of the stream executors since the last call, 0–1. */
  load(nowMs: number): number {
    this.#account(nowMs)
    const spanMs = (nowMs - this.#loadFromMs) * this.#streams
    const load = spanMs > 0 ? Math.min(1, this.#busyMs / spanMs) : this.#busy() / this.#streams
    this.#busyMs = 0
    this.#loadFromMs = nowMs
    return load
  }

  #busy(): number {
    let busy = 0
    for (let executor = 0; executor < this.#streams; executor++) if (this.#given[executor]!.length > 0) busy++
    return busy
  }

  #account(nowMs: number): void {
    this.#busyMs += this.#busy() * Math.max(0, nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
  }

  #listOf(task: T): T[] {
    if (task.pool === "query") return this.#shared.query
    return task.affinity === null ? this.#shared.stream : this.#own[task.affinity % this.#streams]!
  }

  #takeStream(executor: number, depth: number): T | null {
    const own = this.#own[executor]!
    const shared = this.#shared.stream
    if (this.#apart.size > 0) return depth === 0 ? (this.#takeAllowed(own) ?? this.#takeAllowed(shared)) : null
    // Behind another task only when there is enough for all: else the next idle executor should have it.
    const sharedFits = shared.length > depth * this.#streams
    if (own.length === 0) return sharedFits ? shared.shift()! : null
    if (!sharedFits || this.#order.get(own[0]!)! < this.#order.get(shared[0]!)!) return own.shift()!
    return shared.shift()!
  }

  #takeQuery(depth: number): T | null {
    if (depth > 0) return null
    const streamsWait = this.#shared.stream.length > 0 || this.#own.some(own => own.length > 0)
    const queriesRun = this.#given.some((given, executor) => executor >= this.#streams && given.length > 0)
    if (streamsWait && queriesRun) return null
    return this.#takeAllowed(this.#shared.query)
  }

  /** The first of a group of which none runs apart. */
  #takeAllowed(list: T[]): T | null {
    if (this.#apart.size === 0) return list.shift() ?? null
    const at = list.findIndex(({ group }) => !this.#apart.has(group))
    return at < 0 ? null : list.splice(at, 1)[0]!
  }
}
