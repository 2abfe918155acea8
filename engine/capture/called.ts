/** Where the function is that a task was in when it was ended: it cannot be asked, but which one it called last it has written down. */

import { calledIn, type TaskFailure, type TaskProgress } from "../task.js"
import { decodeFunction } from "./codec.js"
import { inOrigin } from "./position.js"

/** `assets`: the functions that the task had. */
export function originOfCalled(progress: TaskProgress, assets: ReadonlyMap<string, Uint8Array>): Pick<TaskFailure, "origin"> {
  const bytes = assets.get(calledIn(progress))
  if (bytes === undefined) return {}
  const ref = decodeFunction(bytes, part => assets.get(part) ?? new Uint8Array(0))
  return ref.origin === undefined ? {} : { origin: inOrigin(ref, 1, 1) }
}
