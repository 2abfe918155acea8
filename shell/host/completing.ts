/** What Tab offers: dot-commands, fields of records, and members of what stands before the dot, as far as they fit it. */
import type { Evaluator } from "../evaluator/evaluator.js"
import type { CompletionList } from "../session-types.js"
import { dotCommands, screenCommands } from "./commands/index.js"
import { arePairs, fieldAt, fieldItems, withoutPairOperators } from "./fields.js"
import type { KnownFields } from "./known-fields.js"

/** Members of handles that are how they are made. */
const workings = new Set(["host", "id", "keyed", "lift", "lifted", "keyedLift", "make", "makeState", "label", "definition"])

export async function completionsOf(text: string, cursor: number, evaluator: Evaluator, known: KnownFields): Promise<CompletionList> {
  const before = text.slice(0, cursor)
  const dot = /^\s*\.([a-z]*)$/.exec(before)
  if (dot && !text.includes("\n")) {
    const from = cursor - dot[1]!.length
    const items = [...dotCommands, ...screenCommands]
      .filter(command => command.name.startsWith(dot[1]!))
      .map(command => ({ text: command.name, detail: command.help }))
    return { items, selected: 0, from, to: cursor }
  }
  const field = fieldAt(before)
  if (field) {
    const items = fieldItems(await known.of(field.root), field.prefix)
    if (items.length > 0) return { items, from: cursor - field.prefix.length, to: cursor, selected: 0 }
  }
  const { items, from, to } = await evaluator.complete(text, cursor)
  const isHandle = items.some(item => item.text === "lineage") && items.some(item => item.text === "explain")
  if (!isHandle) return { items, from, to, selected: 0 }
  const own = items.filter(item => !workings.has(item.text))
  const name = /(?:^|[^\w$.])([A-Za-z_$][\w$]*)\s*\.\s*$/.exec(text.slice(0, from))?.[1]
  const pairs = name === undefined ? undefined : arePairs(await known.of(name))
  return { items: pairs === false ? withoutPairOperators(own) : own, from, to, selected: 0 }
}
