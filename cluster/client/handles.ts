/** Streams and RDDs that a function has captured. */

import { handleOf } from "../../engine/capture/brand.js"
import type { HandleData } from "../../engine/fluent/brand.js"
import type { FunctionRef } from "../../engine/function-ref.js"

/** In the order of the function's heap. */
export function handlesIn({ heap }: FunctionRef): HandleData[] {
  return heap.flatMap(record => (record.kind === "handle" ? [handleOf(record.data) as HandleData] : []))
}
