// Builds dist/ with tsc: what `npm ci` (prepare) runs, and what the published package holds. A dist/ that was made of these very sources
// stays: npm runs `prepare` once more when the first `npx rivulet` puts the clone into npm's own cache, and a cluster may run from dist/ then.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { bundle } from "./bundle.mjs"
import { compile, isFresh } from "./wasm.mjs"

if (!isFresh()) await compile()
const sources = fingerprint()
if (builtOf() !== sources) await build()

// `npx rivulet` of a npm that looks there first.
if (existsSync("node_modules")) {
  mkdirSync("node_modules/.bin", { recursive: true })
  rmSync("node_modules/.bin/rivulet", { force: true })
  symlinkSync("../../dist/shell/cli/main.js", "node_modules/.bin/rivulet")
}

/** Beside the old one, which is there until the new one is whole. */
async function build() {
  const made = "dist.next"
  rmSync(made, { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc")
  const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", made], { stdio: "inherit" })
  if (status !== 0) {
    rmSync(made, { recursive: true, force: true })
    process.exit(status ?? 1)
  }
  if (existsSync(`${made}/shell/host/attach-screen.js`)) await bundle(made)
  if (existsSync(`${made}/shell/cli/main.js`)) chmodSync(`${made}/shell/cli/main.js`, 0o755)
  writeFileSync(`${made}/.built-of`, sources)
  rmSync("dist", { recursive: true, force: true })
  renameSync(made, "dist")
}

/** Of all that dist/ is made of; of the packages their exact versions stand for them. */
function fingerprint() {
  const hash = createHash("sha256")
  const add = path => hash.update(JSON.stringify([path, readFileSync(path, "utf8")]))
  for (const path of [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "scripts/build.mjs",
    "scripts/bundle.mjs",
  ])
    if (existsSync(path)) add(path)
  for (const folder of ["engine", "cluster", "shell"]) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      entry => entry.isFile() && /\.tsx?$/.test(entry.name),
    )
    for (const path of files.map(entry => join(entry.parentPath ?? entry.path, entry.name)).sort()) add(path)
  }
  return hash.digest("hex")
}

/** What there is was made of; empty when there is nothing, or not all of it. */
function builtOf() {
  try {
    return existsSync("dist/shell/cli/main.js") ? readFileSync("dist/.built-of", "utf8") : ""
  } catch {
    return ""
  }
}
