/**
 * Lists of who holds a block, in the order in which they got it. Most blocks lie on one or two of some hundred workers, so lists of
 * one and two are made once and shared: nobody changes a list. How many blocks each worker holds is counted on the way.
 */

import type { NodeId } from "../ports.js"
import { nobody } from "./tracked-block.js"

interface Holder {
  blocks: number
  readonly alone: readonly NodeId[]
  /** By who got it second. */
  readonly pairs: Map<NodeId, readonly NodeId[]>
}

export class HolderLists {
  readonly #holders = new Map<NodeId, Holder>()

  count(node: NodeId): number {
    return this.#holders.get(node)?.blocks ?? 0
  }

  /** The list with one more, who is none of it. */
  and(list: readonly NodeId[], node: NodeId): readonly NodeId[] {
    const holder = this.#of(node)
    holder.blocks += 1
    if (list.length === 0) return holder.alone
    return (list.length === 1 ? this.#of(list[0] as NodeId).pairs.get(node) : undefined) ?? this.#list([...list, node])
  }

  /** The list without one who is of it. */
  without(list: readonly NodeId[], node: NodeId): readonly NodeId[] {
    this.#of(node).blocks -= 1
    return this.#list(list.filter(other => other !== node))
  }

  /** All of these hold one block less. */
  let(list: readonly NodeId[]): void {
    for (const node of list) this.#of(node).blocks -= 1
  }

  /** The worker is gone: no list has it any more, or will be asked for. */
  left(node: NodeId): void {
    this.#holders.delete(node)
    for (const { pairs } of this.#holders.values()) pairs.delete(node)
  }

  #list(list: readonly NodeId[]): readonly NodeId[] {
    const [first, second] = list
    if (first === undefined) return nobody
    if (second === undefined) return this.#of(first).alone
    if (list.length > 2) return list
    const { pairs } = this.#of(first)
    const known = pairs.get(second)
    if (known === undefined) pairs.set(second, list)
    return known ?? list
  }

  #of(node: NodeId): Holder {
    let holder = this.#holders.get(node)
    if (holder === undefined) {
      holder = { blocks: 0, alone: [node], pairs: new Map() }
      this.#holders.set(node, holder)
    }
    return holder
  }
}
