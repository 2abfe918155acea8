/** Lets go of the entry that a map has had longest: how what is remembered is kept bounded. */
export function deleteOldest<K>(map: Map<K, unknown>): void {
  const first = map.keys().next()
  if (!first.done) map.delete(first.value)
}
