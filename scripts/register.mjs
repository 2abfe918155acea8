// Runs TypeScript sources directly: ts-node (swc, no type check) as an ES-module loader, with a cache.
// Inherited by child processes and worker threads through execArgv.
import { register } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

process.setSourceMapsEnabled(true)
process.env.TS_NODE_PROJECT ??= join(dirname(fileURLToPath(import.meta.url)), "..", "tsconfig.json")
register("./typescript-loader.mjs", import.meta.url)
