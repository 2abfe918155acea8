/** zip: the n-th record of one with the n-th of the other, partition by partition: both must be cut alike. */

import { RivuletError } from "../errors.js"
import type { RddNode, ZipNode } from "../rdd.js"
import { narrow, type OperatorFactory } from "./operator.js"

export const zip: OperatorFactory<ZipNode> = of => {
  const count = (node: RddNode) => of(node).partitions(node)
  const partitions = (node: ZipNode) => {
    const [left, right] = node.parents.map(count) as [number, number]
    if (left !== right) throw cutOtherwise(`${left} and ${right} partitions`)
    return left
  }
  return {
    partitions,
    dependencies: node => node.parents.map(narrow),
    compute(node, partition, context, push) {
      const rights: unknown[] = []
      context.compute(node.parents[1]!, partition, value => void rights.push(value))
      let n = 0
      context.compute(node.parents[0]!, partition, value => {
        if (n < rights.length) push([value, rights[n]])
        n++
      })
      if (n !== rights.length) throw cutOtherwise(`${n} and ${rights.length} records in partition ${partition}`)
    },
    partitioner: () => null,
    reads: () => [],
  }
}

function cutOtherwise(found: string): RivuletError {
  return new RivuletError(`zip of ${found}: the two are not cut alike`, {
    code: 2,
    try: "zipWithIndex both, turn the pairs round and join by the index",
  })
}
