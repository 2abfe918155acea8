// Builds dist/ with tsc: what `npm ci` (prepare) runs, and what the published package holds.
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { bundle } from "./bundle.mjs"
import { compile, isFresh } from "./wasm.mjs"

if (!isFresh()) await compile()

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc")
rmSync("dist", { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { stdio: "inherit" })
if (status !== 0) process.exit(status ?? 1)
if (existsSync("dist/shell/host/attach-screen.js")) await bundle("dist")
if (existsSync("dist/shell/cli/main.js")) chmodSync("dist/shell/cli/main.js", 0o755)

// `npx rivulet` in a clone: without this link npm would pack and install the clone into its cache at the first call.
if (existsSync("node_modules")) {
  mkdirSync("node_modules/.bin", { recursive: true })
  rmSync("node_modules/.bin/rivulet", { force: true })
  symlinkSync("../../dist/shell/cli/main.js", "node_modules/.bin/rivulet")
}
