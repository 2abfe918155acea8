/**
 * The language service as the host sees it: questions to its thread, with what to do when that is not there. A thread that dies (no
 * memory left, a fault of the compiler's) is started again with what it knew; what it was asked is asked once more, unless someone
 * waits for it; and a thread that dies at every question is left alone.
 */
import { Worker } from "node:worker_threads"
import type { Declaration, FinishedCell, FromLanguage, LiveNames, Question, Questions, ToLanguage } from "./messages.js"

/** What the client needs of a thread. */
export interface LanguageThread {
  postMessage(message: ToLanguage): void
  on(event: "message", listener: (message: FromLanguage) => void): unknown
  on(event: "error" | "exit", listener: () => void): unknown
  terminate(): Promise<unknown>
}

/** Of the service with a session of many cells; with more it is started again. */
const memoryMb = 192
/** So often in a row it is started again without having answered anything. */
const mostDeaths = 3

interface Waiting {
  readonly question: Question
  readonly none: unknown
  readonly settle: (value: unknown) => void
  retried: boolean
}

const entry = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url)

function startThread(): LanguageThread {
  const thread = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: memoryMb } })
  thread.unref()
  return thread
}

export class LanguageClient {
  private thread: LanguageThread | null = null
  private readonly waiting = new Map<number, Waiting>()
  private readonly declarations = new Map<string, Declaration>()
  private live: LiveNames = {}
  private nextId = 1
  private deaths = 0
  private closed = false
  private loaded = false

  constructor(private readonly open: () => LanguageThread = startThread) {}

  /** It has loaded what answers need: the next one comes soon. */
  get ready(): boolean {
    return this.loaded
  }

  /** Starts the thread. What was asked and declared before is done then. */
  start(): void {
    if (this.closed || this.thread) return
    const thread = this.open()
    this.thread = thread
    const died = () => this.died(thread)
    thread.on("message", message => this.receive(message))
    thread.on("error", died)
    thread.on("exit", died)
    if (this.declarations.size > 0) thread.postMessage({ kind: "restore", declarations: [...this.declarations.values()] })
    if (Object.keys(this.live).length > 0) thread.postMessage({ kind: "live", names: this.live })
    for (const [id, { question }] of this.waiting) thread.postMessage({ kind: "ask", id, question })
  }

  /** Null when there is nothing, or no service. */
  complete(text: string, cursor: number): Promise<Questions["complete"]["gives"]> {
    return this.loaded ? this.ask({ kind: "complete", text, cursor }, null) : Promise.resolve(null)
  }

  inspect(text: string, cursor: number): Promise<Questions["inspect"]["gives"]> {
    return this.ask({ kind: "inspect", text, cursor }, null)
  }

  check(text: string): Promise<Questions["check"]["gives"]> {
    return this.ask({ kind: "check", text }, [])
  }

  /** A cell has run: what it declares is known to all that is asked from now on. */
  async declare(cell: FinishedCell): Promise<void> {
    const declarations = await this.ask({ kind: "declare", ...cell }, [])
    for (const one of declarations) this.declarations.set(one.name, one)
  }

  /** Whether a cell has said what the records of that name are. */
  isTyped(name: string): boolean {
    return this.declarations.get(name)?.open === false
  }

  setLive(names: LiveNames): void {
    const news = Object.entries(names).filter(([name, type]) => (this.live[name] ?? null) !== type)
    if (news.length === 0) return
    this.live = { ...this.live, ...names }
    this.thread?.postMessage({ kind: "live", names: Object.fromEntries(news) })
  }

  async close(): Promise<void> {
    this.closed = true
    const { thread } = this
    this.thread = null
    this.giveUp()
    await thread?.terminate()
  }

  private ask<Kind extends Question["kind"]>(
    question: Extract<Question, { kind: Kind }>,
    none: Questions[Kind]["gives"],
  ): Promise<Questions[Kind]["gives"]> {
    if (this.closed || this.deaths >= mostDeaths) return Promise.resolve(none)
    const id = this.nextId++
    return new Promise(resolve => {
      this.waiting.set(id, { question, none, settle: resolve as (value: unknown) => void, retried: false })
      this.thread?.postMessage({ kind: "ask", id, question })
    })
  }

  private receive(message: FromLanguage): void {
    if (message.kind === "ready") {
      this.loaded = true
      return
    }
    this.deaths = 0
    this.waiting.get(message.id)?.settle(message.value)
    this.waiting.delete(message.id)
  }

  private died(thread: LanguageThread): void {
    if (this.thread !== thread) return
    this.thread = null
    this.loaded = false
    this.deaths++
    for (const [id, one] of [...this.waiting]) {
      if (!one.retried && (one.question.kind === "check" || one.question.kind === "declare")) one.retried = true
      else {
        one.settle(one.none)
        this.waiting.delete(id)
      }
    }
    if (this.deaths < mostDeaths) this.start()
    else this.giveUp()
  }

  private giveUp(): void {
    for (const { settle, none } of this.waiting.values()) settle(none)
    this.waiting.clear()
  }
}
