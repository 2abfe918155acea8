/** A build of the program in any directory, as benchmarks are told by `--dist`. */

import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/**
 * Where the build can be run: its directory, if the packages it needs are found from there; else a copy of it beside this clone's packages, which goes
 * with this process. Ends the process when nothing is built there.
 */
export function buildAt(directory: string): string {
  const dist = resolve(directory)
  if (!existsSync(join(dist, "shell/cli/main.js"))) {
    process.stderr.write(`bench: nothing is built in ${directory}\ntry: npm run build\n`)
    process.exit(2)
  }
  const above = dirname(dist)
  if (existsSync(join(above, "package.json")) && existsSync(join(above, "node_modules"))) return dist
  const place = mkdtempSync(join(tmpdir(), "rivulet-build-"))
  process.once("exit", () => rmSync(place, { recursive: true, force: true }))
  cpSync(dist, join(place, "dist"), { recursive: true })
  copyFileSync(join(root, "package.json"), join(place, "package.json"))
  symlinkSync(join(root, "node_modules"), join(place, "node_modules"))
  return join(place, "dist")
}
