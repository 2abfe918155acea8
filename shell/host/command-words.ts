/** What Tab offers behind a dot-command: names of streams, workers and programs, kinds of events, and the words that its usage names. */
import type { CompletionItem, CompletionList } from "../session-types.js"
import { dotCommand, dotCommands, screenCommands } from "./commands/index.js"
import { eventKinds } from "./event-line.js"

/** What a place in a command's usage stands for; null: a text that only the person knows. */
type Place = readonly string[] | null

/** Where such words come from. */
export interface CommandNames {
  streams(): Promise<readonly { readonly name: string; readonly program: string; readonly kind: string; readonly state: string }[]>
  workers(): Promise<readonly { readonly name: string; readonly state: string }[]>
}

/** Words of a usage that stand for something. All others are typed as they are. */
const free = new Set(["time", "times", "n", "name", "zone", "expression", "question", "file"])

interface Argument {
  readonly places: Place
  readonly prefix: string
  readonly from: number
}

/** Null: no argument of a command is being typed there, or none of which something is known. */
export function argumentAt(text: string, cursor: number): Argument | null {
  const match = /^\s*\.([a-z]+)[ \t]+((?:\S+[ \t]+)*)(\S*)$/.exec(text.slice(0, cursor))
  if (!match || text.includes("\n")) return null
  const [, name = "", before = "", prefix = ""] = match
  const usage = [...dotCommands, ...screenCommands].find(command => command.name === name)?.usage
  if (usage === undefined) return null
  const written = usage.split(/\s+/).slice(1)
  const slots = written.map(slot => slot.replaceAll(/[[\]<>]/g, ""))
  const repeats = slots.at(-1) === "…"
  if (repeats) slots.pop()
  const index = before.split(/\s+/).length - 1
  const slot = slots[index] ?? (repeats ? slots.at(-1) : undefined)
  if (slot === undefined) return null
  // A time may be left out by who types the word behind it.
  const next = written[index] === "[time]" ? slots[index + 1] : undefined
  const places = (next === undefined ? slot : `${slot}|${next}`)
    .split("|")
    .map(word => /^[a-z]+/.exec(word)?.[0] ?? "")
    .filter(word => word !== "" && !free.has(word))
  return places.length === 0 ? null : { places, prefix, from: cursor - prefix.length }
}

export async function commandWordsAt(text: string, cursor: number, names: CommandNames): Promise<CompletionList | null> {
  const argument = argumentAt(text, cursor)
  if (argument === null) return null
  const { places, prefix, from } = argument
  const items: CompletionItem[] = []
  for (const place of places ?? []) {
    if (place === "stream") items.push(...streamItems(await names.streams()))
    else if (place === "program")
      for (const program of new Set((await names.streams()).map(stream => stream.program))) items.push({ text: program, detail: "program" })
    else if (place === "worker") items.push(...(await names.workers()).map(({ name, state }) => ({ text: name, detail: state })))
    else if (place === "kind") items.push(...eventKinds.map(kind => ({ text: kind, detail: "kind of event" })))
    else items.push({ text: place, detail: dotCommand(place)?.help ?? "" })
  }
  return { items: items.filter(item => item.text.startsWith(prefix)), selected: 0, from, to: cursor }
}

/** The short name where it says which; unnamed steps are seldom meant, but for outputs, which go on until somebody stops them. */
function streamItems(streams: Awaited<ReturnType<CommandNames["streams"]>>): CompletionItem[] {
  const named = streams.filter(({ name, kind }) => kind === "output" || !name.includes("@"))
  return named.map(({ name, program, kind, state }) => ({
    text: named.filter(other => other.name === name).length > 1 ? `${program}/${name}` : name,
    detail: `${kind} · ${state}`,
  }))
}
