/** Names of streams within their program: one each, and the newest stream that is given a name has it. */
import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { StreamRecord } from "./stream-record.js"

export interface Renamed {
  readonly stream: StreamId
  readonly name: string
}

type Named = Pick<StreamDefinition, "id" | "program" | "name">

/** The streams that have the name already. */
export function holders(live: readonly StreamRecord[], { id, program, name }: Named): StreamRecord[] {
  return live.filter(({ definition }) => definition.program === program && definition.name === name && definition.id !== id)
}

/** What they are called from then on. */
export function givingWay(live: readonly StreamRecord[], named: Named): Renamed[] {
  return holders(live, named).map(({ definition }) => ({ stream: definition.id, name: freeName(live, named) }))
}

/** `name~1`, `name~2` …: the first that the program has not. */
export function freeName(live: readonly StreamRecord[], { program, name }: Pick<Named, "program" | "name">): string {
  const taken = new Set(live.flatMap(({ definition }) => (definition.program === program ? [definition.name] : [])))
  for (let n = 1; ; n++) if (!taken.has(`${name}~${n}`)) return `${name}~${n}`
}
