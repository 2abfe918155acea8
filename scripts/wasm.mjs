// Compiles engine/wasm/assembly to engine/wasm/binary.ts, which is kept: nobody but who changes a kernel needs the compiler. `npm run wasm`, and
// `npm run build` when the sources are others than those it was made from; `npm run tidy` asks whether they are.
import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const sources = join(root, "engine/wasm/assembly")
const binary = join(root, "engine/wasm/binary.ts")
const settings = ["-O3", "--noAssert", "--converge", "--runtime", "stub", "--enable", "simd", "--importMemory", "--use", "abort="]

/** What the binary is a function of; the compiler's version is in package.json, pinned. */
export function fingerprint() {
  const hash = createHash("sha256")
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  hash.update(JSON.stringify([settings, devDependencies.assemblyscript]))
  for (const file of readdirSync(sources).sort()) {
    if (!file.endsWith(".ts")) continue
    hash.update(JSON.stringify([file, readFileSync(join(sources, file), "utf8")]))
  }
  return hash.digest("hex").slice(0, 32)
}

/** Whether the kept binary is of these sources. */
export function isFresh() {
  try {
    return readFileSync(binary, "utf8").includes(`"${fingerprint()}"`)
  } catch {
    return false
  }
}

/** Throws what the compiler says. */
export async function compile() {
  const { default: asc } = await import("assemblyscript/asc")
  const folder = mkdtempSync(join(tmpdir(), "rivulet-wasm-"))
  try {
    const output = join(folder, "kernels.wasm")
    const { error, stderr } = await asc.main([join(sources, "index.ts"), "--outFile", output, "--baseDir", "/", ...settings])
    if (error !== null) throw new Error(`${stderr.toString()}${error.message}`)
    const bytes = readFileSync(output)
    const text = `// Compiled from engine/wasm/assembly by \`npm run wasm\`: ${bytes.length} bytes. Not to be edited.

/** Of the sources and the compiler. */
export const fingerprint = "${fingerprint()}"

/** The module, in base64. */
export const binary =
  "${bytes.toString("base64")}"
`
    writeFileSync(binary, text)
    return bytes.length
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (resolve(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) console.log(`engine/wasm/binary.ts: ${await compile()} bytes`)
