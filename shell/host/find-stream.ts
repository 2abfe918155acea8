/** A stream by the name that a person says: `name` or `program/name`. */

import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { StreamInfo } from "../../engine/fluent/types.js"
import { nearest } from "../../engine/nearest.js"

/** Those that have no name but their operator's and their cell's (`foreachRDD@cell:3:1`) when the operator was said; else one that is near. */
function meantBy(infos: readonly StreamInfo[], wanted: string): string | undefined {
  if (wanted === "") return undefined
  const unnamed = infos.filter(({ name }) => name.startsWith(`${wanted}@`))
  if (unnamed.length > 0) return unnamed.map(({ name }) => name).join(", ")
  return nearest(
    wanted,
    infos.map(({ name }) => name).filter(name => !name.includes("@")),
  )
}

/** RivuletError 2 when there is none, or more than one. */
export function findStream(infos: readonly StreamInfo[], name: string): StreamInfo {
  const wanted = name.trim()
  const found = infos.filter(info => info.name === wanted || `${info.program}/${info.name}` === wanted)
  if (found.length === 1) return found[0]!
  if (found.length > 1)
    throw new RivuletError(`${wanted} is in ${found.map(info => info.program).join(" and ")}`, {
      code: 2,
      try: `${found[0]!.program}/${wanted}`,
    })
  throw new RivuletError(wanted === "" ? "which stream?" : `no stream ${wanted}`, { code: 2, try: meantBy(infos, wanted) ?? ".streams" })
}

/** It can be a variable's. */
export function isName(text: string): boolean {
  return /^[\w$]+$/.test(text)
}

/** What the stream of this handle is called on the cluster, as `program/name`; undefined: the value is no handle, or its stream has ended. */
export function calledNow({ host: { definitions } }: ClientSession, value: unknown): string | undefined {
  const data = handleData(value)
  if (data?.kind !== "stream" || !definitions.has(data.id)) return undefined
  const { program, name } = definitions.get(data.id)
  return `${program}/${name}`
}
