/** What Tab offers without types: dot-commands, fields of records, and members of what stands before the dot, as far as they fit it. */
import type { Field } from "../../engine/fluent/types.js"
import type { Evaluator } from "../evaluator/evaluator.js"
import type { CompletionList } from "../session-types.js"
import { dotCommands, screenCommands } from "./commands/index.js"
import { arePairs, fieldAt, fieldItems, withoutPairOperators } from "./fields.js"

/** Members of handles that are how they are made. */
const workings = new Set(["host", "id", "keyed", "lift", "lifted", "keyedLift", "make", "makeState", "label", "definition"])

/** Null: it is no command that is being typed. */
export function commandsAt(text: string, cursor: number): CompletionList | null {
  const dot = /^\s*\.([a-z]*)$/.exec(text.slice(0, cursor))
  if (!dot || text.includes("\n")) return null
  const items = [...dotCommands, ...screenCommands]
    .filter(command => command.name.startsWith(dot[1]!))
    .map(command => ({ text: command.name, detail: command.help }))
  return { items, selected: 0, from: cursor - dot[1]!.length, to: cursor }
}

/** By names and values alone. `fieldsOf`: of the records of the stream that a name stands for. */
export async function namesAt(
  text: string,
  cursor: number,
  evaluator: Pick<Evaluator, "complete">,
  fieldsOf: (name: string) => Promise<readonly Field[]>,
): Promise<CompletionList> {
  const field = fieldAt(text.slice(0, cursor))
  if (field) {
    const items = fieldItems(await fieldsOf(field.root), field.prefix)
    if (items.length > 0) return { items, from: cursor - field.prefix.length, to: cursor, selected: 0 }
  }
  const { items, from, to } = await evaluator.complete(text, cursor)
  const isHandle = items.some(item => item.text === "lineage") && items.some(item => item.text === "explain")
  if (!isHandle) return { items, from, to, selected: 0 }
  const own = items.filter(item => !workings.has(item.text))
  const name = /(?:^|[^\w$.])([A-Za-z_$][\w$]*)\s*\.\s*$/.exec(text.slice(0, from))?.[1]
  const pairs = name === undefined ? undefined : arePairs(await fieldsOf(name))
  return { items: pairs === false ? withoutPairOperators(own) : own, from, to, selected: 0 }
}
