// Builds dist/ with tsc: what `npm ci` (prepare) runs, and what the published package holds.
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, rmSync } from "node:fs"
import { createRequire } from "node:module"

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc")
rmSync("dist", { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { stdio: "inherit" })
if (status !== 0) process.exit(status ?? 1)
if (existsSync("dist/shell/cli/main.js")) chmodSync("dist/shell/cli/main.js", 0o755)
