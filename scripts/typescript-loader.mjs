// ts-node's loader, whose output is kept on disk by its source's hash. Each process and each executor thread of each test loads the
// same hundred files: most of a thread's start was loading a compiler that had nothing new to compile.
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const directory = join(tmpdir(), `rivulet-typescript-${userInfo().uid}`)
const compiler = join(fileURLToPath(import.meta.url), "../../node_modules/@swc/core/package.json")
const settings = [process.version, readFileSync(process.env.TS_NODE_PROJECT), readFileSync(compiler)]
const isOurs = url => url.startsWith("file:") && !url.includes("/node_modules/")

/** Relative imports end in .js, and mean the .ts or .tsx beside. */
export function resolve(specifier, context, next) {
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL !== undefined && isOurs(context.parentURL)) {
    const url = new URL(specifier, context.parentURL).href
    for (const extension of [".ts", ".tsx"]) {
      const source = url.replace(/\.js$/, extension)
      if (existsSync(fileURLToPath(source))) return { url: source, format: "module", shortCircuit: true }
    }
  }
  return next(specifier, context)
}

export async function load(url, context, next) {
  const path = url.split("?", 1)[0]
  if (!isOurs(path) || !/\.tsx?$/.test(path)) return next(url, context)
  const hash = createHash("sha256")
  for (const part of [...settings, path, readFileSync(fileURLToPath(path))]) hash.update(part)
  const kept = join(directory, `${hash.digest("hex")}.js`)
  try {
    return { format: "module", source: readFileSync(kept, "utf8"), shortCircuit: true }
  } catch {}
  const loaded = await (await import("ts-node/esm")).load(url, { ...context, format: "module" }, next)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    // Others may write the same file at the same time: it is there whole or not at all.
    const part = `${kept}.${process.pid}`
    writeFileSync(part, loaded.source)
    renameSync(part, kept)
  } catch {}
  return loaded
}
