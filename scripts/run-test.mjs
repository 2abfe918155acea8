// Runs a test file of .tests/: stacks and positions are those of the source here, and the processes that it starts do not pay for it.
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"

process.setSourceMapsEnabled(true)
process.argv.splice(1, 1)
await import(pathToFileURL(resolve(process.argv[1])).href)
