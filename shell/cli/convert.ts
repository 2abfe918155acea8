/** `rivulet convert a.md b.ipynb`: either way, by the names' ends. */

import { writeFileSync } from "node:fs"
import { RivuletError } from "../../engine/errors.js"
import { fromIpynb, toIpynb } from "../notebook/ipynb.js"
import { readText } from "../notebook/notebook-file.js"

export function convert(from: string, to: string): void {
  const end = (file: string) => /\.(\w+)$/.exec(file)?.[1] ?? ""
  const way = `${end(from)} ${end(to)}`
  if (way !== "md ipynb" && way !== "ipynb md")
    throw new RivuletError(`cannot convert ${from} to ${to}`, { code: 2, try: "rivulet convert notebook.md notebook.ipynb, or back" })
  const text = readText(from)
  const { text: converted, notes } = way === "md ipynb" ? { text: toIpynb(text, from), notes: [] } : fromIpynb(text, from)
  try {
    writeFileSync(to, converted)
  } catch (error) {
    throw new RivuletError(`cannot write ${to}: ${(error as Error).message}`, {
      code: 2,
      try: "a path in a directory that exists",
      cause: error,
    })
  }
  for (const note of notes) process.stderr.write(`${from}: ${note}\n`)
}
