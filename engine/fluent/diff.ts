/** What changed between two RDDs of pairs. */

import type { Host } from "./host.js"
import { changeOf } from "./internals.js"
import * as nodes from "./nodes.js"
import { RddHandle, rddNode } from "./rdd.js"
import type { RDD } from "./rdd-types.js"
import type { Change } from "./values.js"

/** Keys whose value differs, or that one side lacks. Of several values of a key the first one counts. */
export function diffOf<K, V>(host: Host, before: RDD<[K, V]>, after: RDD<[K, V]>): RDD<Change<K, V>> {
  const both = nodes.cogroup([rddNode(before, "diff"), rddNode(after, "diff")], "cogroup", host.partitions)
  return new RddHandle(host, nodes.narrow("flatMap", both, host.link(changeOf, "diff"))) as unknown as RDD<Change<K, V>>
}
