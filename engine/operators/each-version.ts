/**
 * eachVersion: the versions of a snapshot stream, each record with its version's index: `[index, record]`. Partition p takes
 * partition p of every version, so that neighbouring versions of a state are read in one pass over one chain.
 */

import type { RddNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

type EachVersionNode = Extract<RddNode, { kind: "eachVersion" }>

export const eachVersion: OperatorFactory<EachVersionNode> = of => {
  const count = (version: RddNode) => of(version).partitions(version)
  return {
    partitions: node => node.versions.reduce((n, version) => Math.max(n, count(version)), 0),
    dependencies: node => node.versions.map(parent => ({ kind: "narrow", parent, from: p => (p < count(parent) ? [p] : []) })),
    compute(node, partition, context, push) {
      // The newest first: in a state's chain of rows each version then begins where the one after it ended.
      for (let index = node.versions.length - 1; index >= 0; index--) {
        const version = node.versions[index]!
        if (partition < count(version)) context.compute(version, partition, value => push([index, value]))
      }
    },
    partitioner: () => null,
    reads: () => [],
  }
}
