/**
 * RDDs as trees: what a node is made of, whatever its kind. By the names of fields, so that a new kind needs nothing here.
 */

import type { RddNode } from "./rdd.js"

/** Fields of nodes that hold another node, and those that hold a list of them. */
const single = ["parent", "of", "first", "input", "initial", "previous"] as const
const several = ["parents", "versions"] as const

type Fields = { readonly [name: string]: unknown }

/** The nodes that this one is made of, in order. */
export function childrenOf(node: RddNode): RddNode[] {
  const fields = node as unknown as Fields
  const children: RddNode[] = []
  for (const name of several) if (Array.isArray(fields[name])) children.push(...(fields[name] as RddNode[]))
  for (const name of single) if (isNode(fields[name])) children.push(fields[name])
  if (node.kind === "state" && node.window) children.push(...node.window.added, ...node.window.expired, ...node.window.inside)
  return children
}

/** The node with its children replaced; itself when none changes. `path` is the child's place: `0`, `1` … in `childrenOf` order. */
export function mapChildren<N extends RddNode>(node: N, f: (child: RddNode, index: number) => RddNode): N {
  const fields = node as unknown as Fields
  // Made when something changes: this is done for each node of each interval's stages.
  let changed: Record<string, unknown> | null = null
  let index = 0
  const list = (nodes: readonly RddNode[]): readonly RddNode[] => {
    let mapped: RddNode[] | null = null
    for (let i = 0; i < nodes.length; i++) {
      const child = f(nodes[i] as RddNode, index++)
      if (child === nodes[i]) continue
      mapped ??= [...nodes]
      mapped[i] = child
    }
    return mapped ?? nodes
  }
  for (const name of several) {
    const nodes = fields[name]
    if (!Array.isArray(nodes)) continue
    const mapped = list(nodes as RddNode[])
    if (mapped === nodes) continue
    changed ??= { ...fields }
    changed[name] = mapped
  }
  for (const name of single) {
    const child = fields[name]
    if (!isNode(child)) continue
    const mapped = f(child, index++)
    if (mapped === child) continue
    changed ??= { ...fields }
    changed[name] = mapped
  }
  if (node.kind === "state" && node.window) {
    let { window } = node
    for (const name of ["added", "expired", "inside"] as const) {
      const mapped = list(window[name])
      if (mapped !== window[name]) window = { ...window, [name]: mapped }
    }
    if (window !== node.window) {
      changed ??= { ...fields }
      changed.window = window
    }
  }
  return changed === null ? node : (changed as unknown as N)
}

const isNode = (value: unknown): value is RddNode => typeof value === "object" && value !== null && "kind" in value

/** The tree rebuilt from its leaves up. */
export function rewrite(node: RddNode, f: (node: RddNode) => RddNode): RddNode {
  return f(mapChildren(node, child => rewrite(child, f)))
}

/** Calls f for each node, parents before children. `false` from f leaves out what is below. */
export function walk(node: RddNode, f: (node: RddNode) => unknown): void {
  if (f(node) === false) return
  for (const child of childrenOf(node)) walk(child, f)
}

/** Whether a node's own functions have a moment of their interval in their captures (`FunctionLink.ofInterval`). */
export function isOfInterval(node: RddNode): boolean {
  let found = false
  const link = (_hash: string, ofInterval: boolean) => {
    found ||= ofInterval
  }
  namesIn(node, { link, asset: () => {} })
  return found
}

/** Each function and asset that a value (a node, a stage's write) names, in order of appearance. Does not descend into other nodes. */
export function namesIn(value: unknown, found: { link(hash: string, ofInterval: boolean): void; asset(hash: string): void }): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return
  if (Array.isArray(value)) {
    for (const element of value) namesIn(element, found)
    return
  }
  const fields = value as Fields
  if (fields.kind === "function" && typeof fields.hash === "string") {
    found.link(fields.hash, fields.ofInterval === true)
    for (const part of (fields.parts as readonly string[] | undefined) ?? []) found.asset(part)
    return
  }
  if (fields.kind === "parallelize") for (const hash of fields.assets as string[]) found.asset(hash)
  for (const [name, field] of Object.entries(fields)) if (!skipped.has(name)) namesIn(field, found)
}

/** Children are for the walker; blocks and the user's own values (`zero`, keys) name no function. */
const skipped = new Set<string>([...single, ...several, "window", "groups", "zero", "key", "keys"])

/** How many versions the `eachVersion` has that a series is made from. */
export function versionsOf(node: RddNode): number {
  if (node.kind === "eachVersion") return node.versions.length
  if (node.kind === "cut") return node.versions
  if (node.kind === "stateAt" && node.read.kind === "counts") return node.read.ats.length
  for (const child of childrenOf(node)) {
    const n = versionsOf(child)
    if (n > 0) return n
  }
  return 0
}
