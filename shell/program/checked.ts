/**
 * Programs that have passed the check of their types, so that the compiler (two seconds of CPU) is not started for the same program again:
 * `$XDG_CACHE_HOME/rivulet/checked`, a file a program, with a hash of all that was read for the check, the compiler's own
 * declarations and this package's among it. What cannot be read or written there is checked anew each time, and nothing else.
 */
import { createHash } from "node:crypto"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { rivuletVersion } from "../../cluster/version.js"

export interface ReadFiles {
  readonly files: readonly string[]
  /** Of their texts, in that order. */
  readonly hash: string
}

export function readFiles(files: readonly string[], texts: readonly string[]): ReadFiles {
  const hash = createHash("sha256").update(rivuletVersion)
  for (const [i, text] of texts.entries()) hash.update(`\0${files[i]}\0${text.length}\0`).update(text)
  return { files, hash: hash.digest("hex") }
}

/** Whether the program has passed and nothing that was read for that has changed. */
export async function isChecked(path: string): Promise<boolean> {
  try {
    const { files, hash } = JSON.parse(await readFile(placeOf(path), "utf8")) as ReadFiles
    const texts = await Promise.all(files.map(file => readFile(file, "utf8")))
    const now = readFiles(
      files,
      texts.map(text => text.replace(/^\ufeff/, "")),
    )
    return files.length > 0 && now.hash === hash
  } catch {
    return false
  }
}

export async function rememberChecked(path: string, read: ReadFiles): Promise<void> {
  const place = placeOf(path)
  const next = `${place}.${process.pid}`
  try {
    await mkdir(dirname(place), { recursive: true })
    // Whoever reads it meanwhile has the old one or the new one, whole.
    await writeFile(next, JSON.stringify(read))
    await rename(next, place)
  } catch {}
}

function placeOf(path: string): string {
  const root = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache")
  const name = createHash("sha256").update(path).digest("hex").slice(0, 32)
  return join(root, "rivulet", "checked", `${name}.json`)
}
