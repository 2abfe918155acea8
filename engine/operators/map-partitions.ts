/**
 * mapPartitions(f): f gets all records of a partition at once. Its second argument is the partition's number in a question,
 * `{ interval, partition }` in a stream.
 */

import type { FunctionNode } from "../rdd.js"
import { type Binary, pipelined, pushAll } from "./operator.js"

export const mapPartitions = pipelined<FunctionNode>((node, partition, context, push) => {
  const f = context.fn(node.f, "mapPartitions") as Binary
  const values: unknown[] = []
  context.compute(node.parent, partition, value => {
    values.push(value)
  })
  const info = context.stream !== null && context.interval ? { interval: context.interval, partition } : partition
  pushAll(f(values, info), push)
})
