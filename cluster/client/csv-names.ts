/**
 * The names of csv columns that are in the files' first lines (`header: true`): looked up when the input is sent, by a question of one line
 * a file. What is defined then has the names as if they had been written down, so that whatever is read again has them too.
 */

import type { StreamDefinition } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { actOnEach } from "../../engine/fluent/nodes.js"
import { csv, splitCsv } from "../../engine/format/csv.js"
import type { ListedFile } from "../../engine/input/file-split.js"
import type { RddNode } from "../../engine/rdd.js"

/** Stands for the names until they are known. */
export const inFirstLine: readonly string[] = Object.freeze([])

/** A header is in the first so many bytes of what a file holds. */
const headBytes = 65_536
/** Of a directory of thousands the first ones are asked. */
const filesAsked = 64

export interface HeadReader {
  list(paths: readonly string[]): Promise<readonly ListedFile[]>
  /** Rows of a question that needs nothing but files: `[version, row]`. */
  ask(rdd: RddNode): Promise<readonly unknown[]>
  newId(): string
}

/** The definition with its columns' names; the same for whatever does not ask for them. RivuletError (2): no file, no names, or not all the same. */
export async function withNames(definition: StreamDefinition, reader: HeadReader): Promise<StreamDefinition> {
  const { node, name } = definition
  if (node.kind !== "input" || node.format.kind !== "csv" || node.format.header?.length !== 0) return definition
  if (node.source.kind !== "file") throw noLine(name, "what clients send has no first line")
  const files = (await reader.list(node.source.paths)).filter(({ sizeBytes }) => sizeBytes > 0).slice(0, filesAsked)
  if (files.length === 0) throw noLine(name, `there is no file ${node.source.paths.join(", ")} with a first line yet`)
  const heads = files.map(({ path, packed, sizeBytes, ...pin }): RddNode => {
    const to = packed === undefined ? Math.min(headBytes, sizeBytes) : headBytes
    const split = { path, from: 0, to, sizeBytes, ...pin, ...(packed !== undefined && { packed }) }
    return { kind: "textFile", id: reader.newId(), splits: [split] }
  })
  const rows = (await reader.ask(actOnEach({ kind: "eachVersion", versions: heads }, { kind: "take", n: 1 }))) as [number, string][]
  const [first] = rows
  if (first === undefined) throw noLine(name, `${files[0]!.path} has no line`)
  const header = splitCsv(first[1].replace(/^\uFEFF/, ""))
  const other = rows.find(([, line]) => line !== first[1])
  if (other !== undefined)
    throw new RivuletError(`${name}: ${files[other[0]]!.path} does not begin with the names that ${files[first[0]]!.path} begins with`, {
      code: 2,
      try: "files of one kind; others are an input of their own",
    })
  csv(header)
  return Object.freeze({ ...definition, node: Object.freeze({ ...node, format: { kind: "csv", header } as const }) })
}

function noLine(name: string, why: string): RivuletError {
  return new RivuletError(`${name}: the csv columns' names: ${why}`, { code: 2, try: 'header: ["id", "name"]' })
}
