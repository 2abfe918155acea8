/** `rivulet convert a.md b.ipynb`: either way, by the names' ends. */

import { readFileSync, writeFileSync } from "node:fs"
import { RivuletError } from "../../engine/errors.js"
import { fromIpynb, toIpynb } from "../notebook/ipynb.js"

export function convert(from: string, to: string): void {
  const ways: Record<string, (text: string, file: string) => string> = { "md ipynb": toIpynb, "ipynb md": fromIpynb }
  const end = (file: string) => /\.(\w+)$/.exec(file)?.[1] ?? ""
  const way = ways[`${end(from)} ${end(to)}`]
  if (way === undefined)
    throw new RivuletError(`cannot convert ${from} to ${to}`, { code: 2, try: "rivulet convert notebook.md notebook.ipynb, or back" })
  let text: string
  try {
    text = readFileSync(from, "utf8")
  } catch (error) {
    throw new RivuletError(`no such file: ${from}`, { code: 2, try: "the path of a notebook", cause: error })
  }
  writeFileSync(to, way(text, from))
}
