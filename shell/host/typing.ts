/**
 * What is known of a cell by types while it is typed and before it runs: completion, what stands under the cursor, warnings. Names
 * and values that the evaluator knows stand in for types as long as the language service is not there, or late.
 */
import type { ClientSession } from "../../cluster/client/session.js"
import type { Field } from "../../engine/fluent/types.js"
import type { CellResult, Evaluator } from "../evaluator/evaluator.js"
import { LanguageClient } from "../language/client.js"
import type { Finding, TypedCompletions } from "../language/messages.js"
import type { CompletionItem, CompletionList, Inspection } from "../session-types.js"
import { commandWordsAt } from "./command-words.js"
import { commandsAt, namesAt } from "./completing.js"
import { fieldAt, shownField } from "./fields.js"
import { freeWords } from "./free-words.js"
import { LiveTypes } from "./live-types.js"
import { streamNamesAt } from "./stream-names.js"
import { within } from "./within.js"

/** A person who has pressed Tab sees names after that, and types when they come. */
const patienceMs = 100
/** Of records' values beside their fields. */
const samplesMs = 70
/** A stream that does not answer is not waited for when a cell is checked: what is known without it is said then. */
const recordsMs = 30_000

export interface TypingOptions {
  readonly session: ClientSession
  readonly evaluator: Evaluator
  /** A better list for the same text. */
  readonly better: (text: string, list: CompletionList) => void
  readonly language?: LanguageClient
}

export class Typing {
  private readonly session: ClientSession
  private readonly evaluator: Evaluator
  private readonly better: TypingOptions["better"]
  private readonly language: LanguageClient
  private readonly live: LiveTypes
  /** The newest cell that gave a value and declared nothing: looked at when somebody goes on with it. */
  private value: string | null = null
  private begun = false

  constructor({ session, evaluator, better, language = new LanguageClient() }: TypingOptions) {
    this.session = session
    this.evaluator = evaluator
    this.better = better
    this.language = language
    this.live = new LiveTypes(session, evaluator, (name, type) => language.setLive({ [name]: type }))
  }

  /** From now on cells are looked at, by a service that begins to load so much later. Without it there is nothing but names. */
  start(afterMs = 0): void {
    this.begun = true
    setTimeout(() => this.language.start(), afterMs).unref()
  }

  async complete(text: string, cursor: number): Promise<CompletionList> {
    const commands = commandsAt(text, cursor)
    if (commands) return commands
    const words = await within(patienceMs * 5, commandWordsAt(text, cursor, this.session), null)
    if (words) return words
    const names = await within(patienceMs * 5, streamNamesAt(text, cursor, this.session), null)
    if (names) return names
    const field = fieldAt(text.slice(0, cursor))
    const seen: Promise<readonly Field[]> = field ? this.live.of(field.root, true).catch(() => []) : Promise.resolve([])
    const samples = within(samplesMs, seen, [])
    const byName = namesAt(text, cursor, this.evaluator, name => within(samplesMs, this.live.of(name, true), []))
    const byType = this.typed(text, cursor, samples, byName)
    const soon = await within(patienceMs, byType, null)
    // What comes later than anybody waits for is shown when it is there: types, and the first values of a stream.
    const improve = async (late: Promise<CompletionList | null>) => {
      const list = await late
      if (list !== null) this.better(text, list)
    }
    if (soon === null && this.language.ready) void improve(byType).catch(() => {})
    if ((await samples).length === 0)
      void seen.then(late => (late.length > 0 ? improve(this.typed(text, cursor, seen, byName)) : undefined)).catch(() => {})
    return soon ?? byName
  }

  private async typed(
    text: string,
    cursor: number,
    samples: Promise<readonly Field[]>,
    byName: Promise<CompletionList>,
  ): Promise<CompletionList | null> {
    if (!this.language.ready) return null
    this.catchUp(text)
    await within(samplesMs, this.types(text), undefined)
    const found = await this.language.complete(text, cursor)
    if (found === null || found.items.length === 0) return null
    const items = shownItems(found, await samples)
    if (found.only) return { items, from: found.from, to: found.to, selected: 0 }
    const { items: names, from, to } = await byName
    const known = new Set(items.map(item => item.text))
    return { items: [...items, ...names.filter(item => !known.has(item.text))], from, to, selected: 0 }
  }

  /** Null: nothing is known of it. */
  async inspect(text: string, cursor: number): Promise<Inspection | null> {
    if (!this.language.ready) return null
    this.catchUp(text)
    await within(samplesMs, this.types(text), undefined)
    return this.language.inspect(text, cursor)
  }

  /** What is wrong with a cell by types. Takes as long as that takes: nobody waits for it. */
  async check(cell: string): Promise<readonly Finding[]> {
    if (!this.begun) return []
    this.catchUp(cell)
    await within(recordsMs, this.types(cell), undefined)
    return this.language.check(cell)
  }

  /** A cell has run: later ones know what it declared. */
  ran({ declared, hasValue, rewritten }: CellResult): void {
    if (!this.begun) return
    if (declared.length === 0 && !/^\s*(export\s+)?(type|interface|declare)\b/.test(rewritten)) {
      if (hasValue) this.value = rewritten
      return
    }
    if (hasValue) this.value = null
    const present = declared.filter(({ value }) => value !== null && value !== undefined).map(({ name }) => name)
    void this.language.declare({ text: rewritten, present })
  }

  private catchUp(text: string): void {
    if (this.value === null || !/^\s*\??\.|(?<![\w$.])_(?![\w$])/.test(text)) return
    void this.language.declare({ text: this.value, present: [] })
    this.value = null
  }

  /** Finds out what the streams are that a cell speaks of, as far as it does not say so itself. */
  private async types(cell: string): Promise<void> {
    const known = new Set(this.evaluator.names())
    const words = [...new Set(freeWords(cell))].filter(word => known.has(word) && !this.language.isTyped(word))
    const found = [...cell.matchAll(/\b(stream|state)\(\s*(["'`])([^"'`]+)\2/g)]
    await Promise.allSettled([
      ...words.map(word => this.live.of(word, false)),
      ...found.map(([, verb, , name]) => this.live.found(verb as "stream" | "state", name!)),
    ])
  }

  close(): Promise<void> {
    return this.language.close()
  }
}

/** A record's fields have a value of the newest record; all else what is said of it. */
function shownItems({ items }: TypedCompletions, samples: readonly Field[]): CompletionItem[] {
  const width = Math.min(24, Math.max(0, ...items.filter(({ isField }) => isField).map(({ type }) => type.length)))
  return items.map(({ text, type, doc, isField }) => {
    const sample = isField ? samples.find(({ name }) => name === text) : undefined
    return { text, detail: sample ? shownField(type, sample.sample, width) : type, ...(doc !== "" && { doc }) }
  })
}
