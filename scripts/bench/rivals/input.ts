/** The benchmark's lines as files, for engines that read them; and what is in them, counted in the plainest way. */

import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { lineBytes, makeLines, needle } from "../lines.js"
import { checksumOf, countOf } from "./checksum.js"

const files = 8
const linesPerFile = 50_000

export interface Files {
  readonly directory: string
  readonly files: number
  readonly linesPerFile: number
  /** Of what the work counts in files `from` to `to`, which are cycled through. */
  checksum(work: "grep" | "wordcount", from: number, to: number): number
}

/** As `0.txt` and so on in that directory. */
export async function makeFiles(directory: string): Promise<Files> {
  await mkdir(directory, { recursive: true })
  const { bytes } = makeLines(files * linesPerFile)
  const sums: { readonly grep: number; readonly wordcount: number }[] = []
  for (let file = 0; file < files; file++) {
    const part = bytes.subarray(file * linesPerFile * lineBytes, (file + 1) * linesPerFile * lineBytes)
    await writeFile(join(directory, `${file}.txt`), part)
    const lines = part.toString("latin1").trimEnd().split("\n")
    const matches = lines.filter(line => line.includes(needle)).length
    sums.push({ grep: checksumOf([["matches", matches]]), wordcount: checksumOf(countOf(lines.flatMap(line => line.split(" ")))) })
  }
  return {
    directory,
    files,
    linesPerFile,
    checksum(work, from, to) {
      let sum = 0
      for (let file = from; file < to; file++) sum = (sum + sums[file % files]![work]) >>> 0
      return sum
    },
  }
}
