/** A stream by the name that a person says: `name` or `program/name`. */

import { RivuletError } from "../../engine/errors.js"
import type { StreamInfo } from "../../engine/fluent/types.js"

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
  throw new RivuletError(wanted === "" ? "which stream?" : `no stream ${wanted}`, { code: 2, try: ".streams" })
}
