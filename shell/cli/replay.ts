/** `rivulet replay`: the same program over old logs by their own time stamps. */

import { accessSync, constants, statSync } from "node:fs"
import { resolve } from "node:path"
import glob from "fast-glob"
import { RivuletError } from "../../engine/errors.js"
import { programName, programPath } from "../program/loader.js"
import { batch } from "./batch.js"
import { duration, positiveInteger } from "./options.js"
import { outputFormat } from "./output.js"

export interface ReplayOptions {
  readonly input: readonly string[]
  readonly format?: string
  readonly timestamp?: string
  readonly disorder: string
  readonly workers: string
  readonly save?: string
  readonly timeout?: string
  readonly o?: string
}

const formats = ["text", "combined", "json", "csv"] as const

export async function replay(file: string, options: ReplayOptions): Promise<void> {
  const path = programPath(file)
  const output = outputFormat(options.o, process.stdout.isTTY)
  const workers = positiveInteger(options.workers, "--workers", 16)
  const disorderMs = duration(options.disorder, "--disorder")
  const format = options.format === undefined ? undefined : formats.find(name => name === options.format)
  if (options.format !== undefined && format === undefined)
    throw new RivuletError(`--format ${options.format}: no such format`, { code: 2, try: `one of ${formats.join(", ")}` })
  const inputs = options.input.map(text => {
    const at = text.indexOf("=")
    if (at < 1) throw new RivuletError(`--input ${text}: not name=files`, { code: 2, try: "--input views=logs/access.log" })
    const paths = resolve(text.slice(at + 1))
    const files = filesOf(paths, text)
    return {
      name: text.slice(0, at),
      paths,
      files,
      disorderMs,
      ...(format ? { format } : {}),
      ...(options.timestamp ? { timestampField: options.timestamp } : {}),
    }
  })
  await batch({
    path,
    program: programName(path),
    workers,
    inputs,
    format: output,
    ...(options.save === undefined ? {} : { save: options.save }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  })
}

function filesOf(paths: string, text: string): string[] {
  const there = statSync(paths, { throwIfNoEntry: false })
  if (there?.isDirectory())
    throw new RivuletError(`--input ${text}: a directory`, { code: 2, try: `its files by a quoted pattern: --input '${text}/*'` })
  const files = there === undefined ? glob.sync(paths, { onlyFiles: true }).sort() : [paths]
  if (files.length === 0) throw new RivuletError(`--input ${text}: no such file`, { code: 2, try: "a path or a quoted pattern" })
  for (const file of files) {
    try {
      accessSync(file, constants.R_OK)
    } catch {
      throw new RivuletError(`--input ${text}: ${file} may not be read`, { code: 2, try: `ls -l ${file}` })
    }
  }
  return files
}
