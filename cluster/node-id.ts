/** What a node is called. */

/** `<name>#<incarnation>`: `master#1`, `w1#3`, `c-7f3a#1`. A restarted node is another node. */
export type NodeId = string

/** The part of a NodeId that stays over restarts: transports route by it. */
export function nodeName(node: NodeId): string {
  const at = node.indexOf("#")
  return at < 0 ? node : node.slice(0, at)
}

/** The incarnation in a NodeId. 0: none is named, so whoever lives under the name now is meant (`master`). */
export function incarnationOf(node: NodeId): number {
  const at = node.indexOf("#")
  if (at < 0) return 0
  const n = Number(node.slice(at + 1))
  return Number.isSafeInteger(n) && n > 0 ? n : 0
}
