/**
 * Which executor runs what next. Executors `0 … stream-1` run tasks of streams, the others those of queries. Each has a
 * short queue of its own (so that a thread need not wait for the main thread between small tasks); the rest waits here,
 * where it can be withdrawn and where whoever is idle first may take it.
 *
 * A task with an affinity waits for its own executor (which caches its state); of what an executor may take, the task that
 * became ready first goes first. While stream tasks wait, one query task may run at most: a question must not make an
 * interval late.
 *
 * A task that runs long (`patience.ts`) while others' wait is set *apart*: it keeps its thread, the executor gets another one, and its
 * group (the stream or question it is of) gets no further executor here until it has ended. So a function that never
 * returns costs its own stream, and of the others only their share of the machine.
 *
 *   given ──long──▶ apart, while there are places ──▶ ended
 *     ▲   └──no place──▶ put back, its thread ended ──a place is free──┐
 *     └──────────────────────────promised────────────────────────────┘
 *
 * Threads cost memory and a share of the machine, so there are few places. Whoever finds none begins again when there is one.
 */

export interface Poolable {
  readonly pool: "stream" | "query"
  readonly affinity: number | null
  /** The stream or question it is of. */
  readonly group: string
}

const none: ReadonlySet<number> = new Set()
/** Tasks that may run apart, for each executor. */
const placesEach = 2

export class ExecutorPool<T extends Poolable> {
  readonly #streams: number
  readonly #depth: number
  /** What each executor was given, in order: the first runs. */
  readonly #given: T[][]
  readonly #shared: { readonly stream: T[]; readonly query: T[] } = { stream: [], query: [] }
  readonly #own: T[][]
  /** Of waiting tasks: when they became ready. */
  readonly #order = new Map<T, number>()
  /** How many tasks run apart, or are to: by group. */
  readonly #withheld = new Map<string, number>()
  #apart = 0
  /** Of these, tasks of streams: a core runs each, as it runs an executor. */
  #streamsApart = 0
  /** Tasks that found no place apart, in order. */
  readonly #back: T[] = []
  /** Of these, those that were given again: each has a place. */
  readonly #promised = new Set<T>()
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
    const back = this.#back.indexOf(task)
    if (back >= 0) {
      this.#back.splice(back, 1)
      this.#allow(task)
      return true
    }
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
    const isOther = (task: T) => task.group !== head.group && !this.#withheld.has(task.group)
    if (given.some(isOther)) return true
    if (executor >= this.#streams) return this.#shared.query.some(isOther)
    return this.#own[executor]!.some(isOther) || this.#shared.stream.some(isOther)
  }

  /** Whether there is a place apart for the executor's head. */
  hasPlace(executor: number): boolean {
    const head = this.head(executor)
    return head !== null && (this.#promised.has(head) || this.#placesLeft > 0)
  }

  get #placesLeft(): number {
    return placesEach * this.#given.length - this.#apart - this.#promised.size
  }

  /** The executor's head goes on apart from it. */
  setApart(executor: number, nowMs: number): void {
    this.#account(nowMs)
    const head = this.#given[executor]!.shift()
    if (head === undefined) return
    this.#apart++
    if (head.pool === "stream") this.#streamsApart++
    if (!this.#promised.delete(head)) this.#withhold(head)
  }

  /** A task that was set apart is over. */
  rejoin(task: T, nowMs: number): void {
    this.#account(nowMs)
    this.#apart--
    if (task.pool === "stream") this.#streamsApart--
    this.#allow(task)
  }

  /** The executor is done with the task. */
  release(executor: number, task: T, nowMs: number): void {
    const given = this.#given[executor]
    const at = given?.indexOf(task) ?? -1
    if (given === undefined || at < 0) return
    this.#account(nowMs)
    given.splice(at, 1)
    if (this.#promised.delete(task)) this.#allow(task)
  }

  /** A long task that no executor has any more: it begins again when there is a place apart. */
  putBack(task: T): void {
    this.#order.set(task, ++this.#ready)
    this.#back.push(task)
    this.#withhold(task)
  }

  #withhold({ group }: T): void {
    this.#withheld.set(group, (this.#withheld.get(group) ?? 0) + 1)
  }

  #allow({ group }: T): void {
    const left = (this.#withheld.get(group) ?? 0) - 1
    if (left > 0) this.#withheld.set(group, left)
    else this.#withheld.delete(group)
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
        const task = executor < this.#streams ? this.#takeStream(executor, depth) : this.#takeQuery(executor, depth)
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
    return Math.min(this.#streams, busy + this.#streamsApart)
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
    if (this.#withheld.size > 0)
      return depth === 0 ? (this.#takeBack(executor) ?? this.#takeAllowed(own) ?? this.#takeAllowed(shared)) : null
    // Behind another task only when there is enough for all: else the next idle executor should have it.
    const sharedFits = shared.length > depth * this.#streams
    if (own.length === 0) return sharedFits ? shared.shift()! : null
    if (!sharedFits || this.#order.get(own[0]!)! < this.#order.get(shared[0]!)!) return own.shift()!
    return shared.shift()!
  }

  #takeQuery(executor: number, depth: number): T | null {
    if (depth > 0) return null
    // Those that wait for one of their own stream, which runs apart, no executor could take.
    const isAllowed = ({ group }: T) => !this.#withheld.has(group)
    const streamsWait = this.#shared.stream.some(isAllowed) || this.#own.some(own => own.some(isAllowed))
    const queriesRun = this.#given.some((given, executor) => executor >= this.#streams && given.length > 0)
    if (streamsWait && queriesRun) return null
    return this.#takeBack(executor) ?? this.#takeAllowed(this.#shared.query)
  }

  /** The first of a group of which none runs apart. */
  #takeAllowed(list: T[]): T | null {
    if (this.#withheld.size === 0) return list.shift() ?? null
    const at = list.findIndex(({ group }) => !this.#withheld.has(group))
    return at < 0 ? null : list.splice(at, 1)[0]!
  }

  /** What was put back goes first where it is sure to keep nobody waiting for long. */
  #takeBack(executor: number): T | null {
    if (this.#back.length === 0 || this.#placesLeft <= 0) return null
    const pool = executor < this.#streams ? "stream" : "query"
    const at = this.#back.findIndex(task => task.pool === pool)
    if (at < 0) return null
    const [task] = this.#back.splice(at, 1)
    this.#promised.add(task!)
    return task!
  }
}
