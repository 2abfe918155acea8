/** Which stream a name means. */

import type { StreamDefinition } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { Handle } from "../../engine/fluent/stream-types.js"
import type { Definitions } from "./definitions.js"
import type { SessionHost } from "./session-host.js"

/**
 * By `name`, of which the session's own program comes first, or by `program/name`: as the session last saw the cluster. Throws a RivuletError of code 2 that
 * says what there is when there is none, or more than one.
 */
export function findStream(definitions: Definitions, name: string): StreamDefinition {
  const found = definitions.find(name)
  if (found.length === 1) return found[0]!
  const own = found.filter(({ program }) => program === definitions.author.program)
  if (own.length === 1) return own[0]!
  if (found.length > 1) {
    const full = found.map(definition => `${definition.program}/${definition.name}`)
    throw new RivuletError(`${name} is in ${found.length} programs: ${full.join(", ")}`, { code: 2, try: `stream("${full[0]}")` })
  }
  const now = definitions.nowCalled(name)
  if (now !== undefined) throw new RivuletError(`${name} is called ${now} now`, { code: 2, try: `stream("${now}")` })
  const known = definitions.all().filter(({ named }) => named)
  const shown = known.slice(0, 8).map(definition => `${definition.program}/${definition.name}`)
  throw new RivuletError(`no stream ${name} when this session last looked`, {
    code: 2,
    try: shown.length === 0 ? "await streams() looks again" : `${shown.join(", ")}; await streams() looks again`,
  })
}

/** The streams, as the session last saw the cluster, whose short names say which they are, by these: its own program's come first. */
export function bindable(host: SessionHost): Map<string, Handle> {
  const { program: own } = host.definitions.author
  const byName = new Map<string, StreamDefinition[]>()
  for (const definition of host.definitions.all()) {
    const { named, kind, name } = definition
    if (!named || kind === "output" || !/^[A-Za-z_$][\w$]*$/.test(name)) continue
    byName.set(name, [...(byName.get(name) ?? []), definition])
  }
  const found = new Map<string, Handle>()
  for (const [name, all] of byName) {
    const [one, ...others] = all.length === 1 ? all : all.filter(({ program }) => program === own)
    if (one !== undefined && others.length === 0) found.set(name, host.open(one.id, false))
  }
  return found
}
