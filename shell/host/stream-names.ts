/** What Tab offers in the text of `stream("…` and `state("…`: the names of streams that fit, each as it says which is meant. */
import type { CompletionList } from "../session-types.js"

export interface NamedStreams {
  streams(): Promise<readonly { readonly name: string; readonly program: string; readonly kind: string; readonly state: string }[]>
}

/** Null: no name of a stream is being typed there. */
export async function streamNamesAt(text: string, cursor: number, names: NamedStreams): Promise<CompletionList | null> {
  const [, verb, prefix] = /(?<![\w$.])(stream|state)\(\s*["'`]([^"'`]*)$/.exec(text.slice(0, cursor)) ?? []
  if (prefix === undefined) return null
  // Unnamed steps are seldom meant.
  const named = (await names.streams()).filter(({ name, kind }) => !name.includes("@") && kind !== "output")
  const items = named
    .filter(({ kind }) => verb === "stream" || kind === "state" || kind === "snapshot")
    .flatMap(({ name, program, kind, state }) => {
      const isOnly = named.filter(other => other.name === name).length === 1
      const texts = [...(isOnly ? [name] : []), `${program}/${name}`].filter(one => one.startsWith(prefix))
      return texts.slice(0, 1).map(one => ({ text: one, detail: `${kind} · ${state}` }))
    })
  return { items, selected: 0, from: cursor - prefix.length, to: cursor }
}
