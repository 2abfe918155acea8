/** Rows that generated code leaves to the functions: a line at a time through the chain's own operators. */

import { operatorOf } from "../operators/index.js"
import type { Push, RddNode, TaskContext } from "../rdd.js"

/** Takes a line of the chain's input; `push` gets what the chain makes of it. */
export function slowRows(root: RddNode, partition: number, context: TaskContext, push: Push): (line: string) => void {
  const found: { take?: (line: string) => void } = {}
  new Tapped(context, found).compute(root, partition, push)
  if (found.take === undefined) throw new Error("a chain has no input")
  return found.take
}

/**
 * A context in which an input, asked for its records, tells where they would go. A narrow operator asks before it does anything
 * else, and does nothing after.
 */
class Tapped implements TaskContext {
  readonly stream: TaskContext["stream"]
  readonly interval: TaskContext["interval"]
  readonly partition: number

  constructor(
    private readonly context: TaskContext,
    private readonly found: { take?: (line: string) => void },
  ) {
    this.stream = context.stream
    this.interval = context.interval
    this.partition = context.partition
  }

  compute(node: RddNode, partition: number, push: Push): void {
    if (node.kind !== "input") {
      operatorOf(node).compute(node, partition, this, push)
      return
    }
    const parse = this.context.parser(node.format, node.onBadRecord)
    this.found.take = parse === null ? push : line => parse(line, push)
  }

  derive(change: Parameters<TaskContext["derive"]>[0]): TaskContext {
    return new Tapped(this.context.derive(change), this.found)
  }

  fn: TaskContext["fn"] = (link, operator, otherwise) => this.context.fn(link, operator, otherwise)
  parser: TaskContext["parser"] = (format, onBadRecord) => this.context.parser(format, onBadRecord)
  lines: TaskContext["lines"] = (split, push) => this.context.lines(split, push)
  blocks: TaskContext["blocks"] = input => this.context.blocks(input)
  state: TaskContext["state"] = (stream, partition, at) => this.context.state(stream, partition, at)
  setAside: TaskContext["setAside"] = (record, reason, error, operator) => this.context.setAside(record, reason, error, operator)
}
