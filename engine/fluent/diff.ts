/** What changed between two RDDs of pairs. */

import { ofSession } from "../capture/of-session.js"
import { RivuletError } from "../errors.js"
import { RddHandle } from "./rdd.js"
import type { RDD } from "./rdd-types.js"
import type { Change } from "./values.js"

/** Keys whose value differs, or that one side lacks; numbers with their `delta`. Of several values of a key the first one counts. */
export function diff<K, V>(before: RDD<[K, V]>, after: RDD<[K, V]>): RDD<Change<K, V>> {
  const left: unknown = before
  if (left instanceof RddHandle) return left.diffTo(after) as unknown as RDD<Change<K, V>>
  throw new RivuletError("diff takes two RDDs of pairs", { code: 2, try: "diff(counts.at(a), counts.at(b))" })
}

ofSession("rivulet's diff of two RDDs", diff)
