/**
 * The stages in which an RDD or a stream is computed, parents first, and how each operator runs: compiled
 * where its stage is a chain over lines that ends in a reduction by key and every function of it is understood (`kernel/`), else
 * as closures, and why. From the definitions alone: nothing is asked of the cluster. Compiled code leaves to the
 * closures the rows that it is not exact for (as `toLowerCase` is for ASCII only).
 */

import { aggregatesEarly } from "../aggregate.js"
import type { StreamId } from "../definition.js"
import type { FunctionLink } from "../function-ref.js"
import type { ChainStep } from "../kernel/chain.js"
import { Kernels } from "../kernel/map-side.js"
import { isWide } from "../plan.js"
import type { FormatSpec, RddNode } from "../rdd.js"
import type { StateOp } from "../state/op.js"
import { formatDuration } from "../time.js"
import { childrenOf } from "../tree.js"
import type { Host } from "./host.js"
import type { Explain } from "./shapes.js"

type Operator = Explain["stages"][number]["operators"][number]

export function explainRdd(host: Host, node: RddNode): Explain {
  const walk = new Walk(host)
  const last: Operator[] = []
  walk.node(node, last, [])
  return { stages: [...walk.stages, { operators: last }] }
}

export function explainStream(host: Host, stream: StreamId): Explain {
  const walk = new Walk(host)
  const last: Operator[] = []
  walk.stream(stream, last)
  return { stages: [...walk.stages, { operators: last }] }
}

class Walk {
  readonly stages: Explain["stages"] = []
  readonly #host: Host
  /** What is stored has its stage once, however often it is read. */
  readonly #stored = new Set<StreamId>()
  /** Operators that a chain may be made of. */
  readonly #steps = new Map<Operator, ChainStep>()
  readonly #formats = new Map<Operator, FormatSpec>()

  constructor(host: Host) {
    this.#host = host
  }

  node(node: RddNode, into: Operator[], parents: readonly StreamId[]): void {
    switch (node.kind) {
      case "hole":
        return this.stream(parents[node.index]!, into)
      case "threw": {
        into.push(operator(`what ${this.#host.definition(parents[node.index]!).name} set aside`, []))
        return
      }
      case "slice":
      case "version":
        return this.stream(node.stream, into)
      case "within":
      case "partial":
        return this.node(node.parent, into, parents)
      case "persist": {
        this.#stage(node.parent, parents)
        into.push(operator("persisted", []))
        return
      }
    }
    for (const child of childrenOf(node)) {
      if (isWide(node)) this.#stage(child, parents, reductionOf(node))
      else this.node(child, into, parents)
    }
    const made = operator(nameOf(node), linksOf(node))
    switch (node.kind) {
      case "map":
      case "flatMap":
      case "filter":
      case "mapValues":
      case "keyBy":
        this.#steps.set(made, { kind: node.kind, f: node.f })
    }
    into.push(made)
  }

  stream(id: StreamId, into: Operator[]): void {
    const { node, name, persist } = this.#host.definition(id)
    switch (node.kind) {
      case "input": {
        const made = operator(`readStream ${name} (${node.format.kind})`, linksOf(node.format))
        this.#formats.set(made, node.format)
        into.push(made)
        return
      }
      case "lift": {
        if (!persist) return this.node(node.rdd, into, node.parents)
        if (!this.#stored.has(id)) {
          this.#stored.add(id)
          this.#stage(node.rdd, node.parents)
        }
        into.push(operator(`persisted ${name}`, []))
        return
      }
      case "window": {
        this.stream(node.parent, into)
        into.push(operator(`window ${formatDuration(node.lengthMs)}`, []))
        return
      }
      case "state": {
        if (!this.#stored.has(id)) {
          this.#stored.add(id)
          const inner: Operator[] = []
          this.stream(node.parent, inner)
          const { op } = node
          const reduces = op.kind === "runningReduce" || op.kind === "reduceByWindow" || op.kind === "reduceByEventTime"
          const packed = reduces && this.#compile(inner, { create: identity, merge: op.f })
          inner.push(operator("to the keys' partitions", []))
          this.stages.push({ operators: inner })
          if (node.initial !== null) this.#stage(node.initial, [])
          this.stages.push({ operators: [this.#stepOf(op, inner, packed)] })
        }
        into.push(operator(`state ${name}`, []))
        return
      }
      case "foreachRDD": {
        this.#ends(node.parent)
        into.push({ name: "foreachRDD", path: "closure", why: "runs on a driver thread" })
        return
      }
      case "archive":
        into.push(operator("archive", []))
        return
      case "save":
        this.stream(node.parent, into)
        into.push(operator(`save ${node.format}`, []))
    }
  }

  #stage(node: RddNode, parents: readonly StreamId[], reduction: Reduction | null = null): void {
    const operators: Operator[] = []
    this.node(node, operators, parents)
    if (reduction !== null) this.#compile(operators, reduction)
    this.stages.push({ operators })
  }

  /** Finds out how the chain of a map task that ends in a reduction runs, as the task itself will. Gives whether its keys are other than text. */
  #compile([input, ...operators]: readonly Operator[], { create, merge }: Reduction): boolean {
    const steps = operators.flatMap(one => this.#steps.get(one) ?? [])
    if (input === undefined || steps.length < operators.length) return false
    const format = this.#formats.get(input)
    if (format === undefined || format.kind === "values") {
      for (const one of operators) if (one.path === "closure") one.why = `is called for each record: ${input.name} is no stream of lines`
      return false
    }
    const links = [...steps.map(({ f }) => f), create, merge]
    if (links.some(link => link.kind === "function" && this.#host.functionOf(link) === null)) return false
    const plan = new Kernels(link => this.#host.functionOf(link)).plan(format, steps, create, merge)
    if ("kernel" in plan) {
      for (const one of operators) {
        one.path = "compiled"
        delete one.why
      }
      return plan.kernel.packed
    }
    const { step, why } = plan.refusal
    const where = operators[step]?.name ?? "the reduction"
    for (const [i, one] of operators.entries()) {
      one.path = "closure"
      one.why = i === step ? why : `is called for each record, because ${where} ${why}`
    }
    return false
  }

  /** A step over numbers by text: what its map tasks give when they are compiled. */
  #stepOf(op: StateOp, inner: readonly Operator[], packed: boolean): Operator {
    const made = operator(op.kind, linksOf(op))
    if (packed && made.path === "closure") return { ...made, why: "its keys are no text" }
    if (op.kind !== "reduceByWindow" || op.inverse === null || inner.some(({ path }) => path === "closure")) return made
    const links = [op.f, op.inverse]
    if (links.some(link => link.kind === "function" && this.#host.functionOf(link) === null)) return made
    const kernels = new Kernels(link => this.#host.functionOf(link))
    return links.some(link => kernels.binary(link) === null) ? made : { name: op.kind, path: "compiled" }
  }

  #ends(stream: StreamId): void {
    const operators: Operator[] = []
    this.stream(stream, operators)
    this.stages.push({ operators })
  }
}

interface Reduction {
  readonly create: FunctionLink
  readonly merge: FunctionLink
}

const identity: FunctionLink = { kind: "builtin", name: "identity" }

/** What the map tasks before a wide operator end in, if that is a reduction. */
function reductionOf(node: RddNode): Reduction | null {
  return node.kind === "shuffled" && aggregatesEarly(node.aggregate) && node.aggregate.kind === "combine" ? node.aggregate : null
}

/** Our own operators, and known functions such as `sum`, are the engine's code; what the user wrote is called record by record. */
function operator(name: string, links: readonly FunctionLink[]): Operator {
  const own = links.some(link => link.kind === "function")
  return own ? { name, path: "closure", why: "a function of yours, called for each record" } : { name, path: "compiled" }
}

/** As the user called it. */
function nameOf(node: RddNode): string {
  switch (node.kind) {
    case "shuffled": {
      const { aggregate } = node
      if (aggregate.kind === "group") return "groupByKey"
      return aggregate.create.kind === "builtin" && aggregate.create.name === "identity" ? "reduceByKey" : "combineByKey"
    }
    case "cogroup":
      return { cogroup: "cogroup", inner: "join", left: "leftOuterJoin", right: "rightOuterJoin", full: "fullOuterJoin" }[node.join]
    case "finished":
      return node.action.kind
    default:
      return node.kind
  }
}

/** The functions that a node itself names. */
function linksOf(node: object): FunctionLink[] {
  const links: FunctionLink[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return
    const { kind, hash, name } = value as { kind?: unknown; hash?: unknown; name?: unknown }
    if ((kind === "function" && typeof hash === "string") || (kind === "builtin" && typeof name === "string")) {
      links.push(value as FunctionLink)
    }
  }
  const below = (value: object): void => {
    for (const [field, part] of Object.entries(value)) {
      if (field === "parent" || field === "parents" || field === "versions") continue
      visit(part)
      if (field === "aggregate" || field === "action") below(part as object)
    }
  }
  below(node)
  return links
}
