/** Which assets (functions, their parts, data of `parallelize`) a definition or question names: data, walked as such. */

/** In order, each once. Sealed blocks and splits are not walked: there are many, and they name none. */
export function assetHashes(data: unknown, found = new Set<string>()): Set<string> {
  if (typeof data !== "object" || data === null || ArrayBuffer.isView(data)) return found
  if (Array.isArray(data)) {
    for (const item of data) assetHashes(item, found)
    return found
  }
  const { kind, hash, assets, parts } = data as { kind?: unknown; hash?: unknown; assets?: unknown; parts?: readonly string[] }
  if (kind === "function" && typeof hash === "string") {
    found.add(hash)
    for (const part of parts ?? []) found.add(part)
  }
  if (kind === "parallelize" && Array.isArray(assets)) for (const asset of assets) found.add(asset as string)
  else for (const [name, value] of Object.entries(data)) if (name !== "groups" && name !== "splits") assetHashes(value, found)
  return found
}
