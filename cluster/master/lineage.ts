/**
 * What an RDD is made of, step by step, for people (the paper's §2.1): which operators over which sealed input, who holds what is
 * stored, and where recovery would stop because two workers hold it.
 */

import type { RddNode, StateAtNode } from "../../engine/rdd.js"
import { childrenOf } from "../../engine/tree.js"
import { nodeName } from "../node-id.js"
import type { NodeId } from "../ports.js"
import type { LineageNode } from "../protocol.js"
import { nameOf } from "./catalog.js"
import type { Parts } from "./parts.js"

/** Versions of a state that are followed back; what lies before is named in one line. */
const stepsShown = 20

export function lineageOf(parts: Parts, root: RddNode): LineageNode {
  return new Walk(parts).node(root)
}

class Walk {
  readonly #parts: Parts
  #steps = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  node(node: RddNode): LineageNode {
    switch (node.kind) {
      case "within":
        return this.node(node.parent)
      case "input": {
        const blocks = node.groups.flat()
        const rows = blocks.reduce((sum, block) => sum + block.rows, 0)
        const again = blocks.some(block => block.replay !== undefined) ? ", read again from its files when lost" : ""
        return this.#held(
          `${this.#name(node.stream)} ${at(node.interval)}: ${rows} records${again}`,
          blocks.map(block => block.block),
          [],
        )
      }
      case "stateAt":
        return this.#version(node)
      case "stored": {
        const { tracker } = this.#parts
        const blocks = tracker.parts(node.id).flatMap(part => part?.block ?? [])
        const name = this.#parts.ledger.streams.has(node.stream) ? `${this.#name(node.stream)} ` : ""
        const whole = tracker.complete(node.id, node.partitions)
        const kept = this.#held(`${name}${at(node.interval)} kept`, blocks, [])
        return { ...kept, checkpoint: kept.checkpoint && whole, parents: [this.node(node.of)] }
      }
      case "textFile": {
        const paths = [...new Set(node.splits.map(split => split.path))]
        return plain(
          `${node.splits[0]?.parquet ? "parquetFile" : "textFile"} ${paths.slice(0, 3).join(", ")}${paths.length > 3 ? ` and ${paths.length - 3} more` : ""}`,
          [],
        )
      }
      default:
        return plain(
          node.kind,
          childrenOf(node).map(child => this.node(child)),
        )
    }
  }

  /** A version of a state: a chain of blocks, which are a checkpoint when two workers hold each. */
  #version({ stream, at: asked, partitions }: StateAtNode): LineageNode {
    const { chains, planner } = this.#parts
    const blocks: string[] = []
    let missing = 0
    let newest = Number.NEGATIVE_INFINITY
    for (let p = 0; p < partitions; p++) {
      for (const { interval } of chains.steps(stream, p)) if (interval <= asked) newest = Math.max(newest, interval)
      const chain = chains.resolve(stream, p, asked)
      if (chain.links === null) missing += 1
      else for (const { part } of chain.links) if (part.block !== null) blocks.push(part.block)
    }
    const label = `${this.#name(stream)} as of ${at(newest === Number.NEGATIVE_INFINITY ? asked : newest)}`
    const version = this.#held(missing === 0 ? label : `${label}, ${missing} of ${partitions} partitions to be computed`, blocks, [])
    if ((version.checkpoint && missing === 0) || newest === Number.NEGATIVE_INFINITY) return version
    if (++this.#steps > stepsShown) return { ...version, checkpoint: false, parents: [plain("… earlier versions", [])] }
    const spec = planner.state(stream, newest)
    if (spec === null) return { ...version, checkpoint: false }
    const { root } = spec
    const parents =
      root.kind === "state"
        ? [
            plain(
              root.op.kind,
              childrenOf(root).map(child => this.node(child)),
            ),
          ]
        : []
    return { ...version, checkpoint: false, parents }
  }

  #held(rdd: string, blocks: readonly string[], parents: readonly LineageNode[]): LineageNode {
    const { tracker } = this.#parts
    const holders = new Set<NodeId>()
    let least = Number.POSITIVE_INFINITY
    for (const block of blocks) {
      const held = tracker.holders(tracker.current(block))
      for (const holder of held) holders.add(holder)
      least = Math.min(least, held.length)
    }
    const worker = [...holders].map(nodeName).sort().join(", ")
    return { rdd, ...(worker !== "" && { worker }), checkpoint: blocks.length > 0 && least >= 2, parents }
  }

  #name(stream: string): string {
    const record = this.#parts.ledger.streams.get(stream)
    return record === undefined ? stream : nameOf(record)
  }
}

const plain = (rdd: string, parents: readonly LineageNode[]): LineageNode => ({ rdd, checkpoint: false, parents })

const at = (ms: number): string => new Date(ms).toISOString()
