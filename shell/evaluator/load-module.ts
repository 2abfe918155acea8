/** What `import … from name` gives in a cell: as Node finds it from the working directory. */
import { createRequire } from "node:module"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"

export async function loadModule(name: string): Promise<unknown> {
  if (/^\.{0,2}\//.test(name)) return import(pathToFileURL(resolve(name)).href)
  if (/^(node|file|data):/.test(name)) return import(name)
  const found = createRequire(resolve("cell.js")).resolve(name)
  return import(/^(\/|[A-Za-z]:\\)/.test(found) ? pathToFileURL(found).href : found)
}
