/**
 * Runs a module as `rivulet run` loads a program: `rivulet` and `rivulet/testing` are this checkout. With `--define` it has a session: what it
 * defines is taken by a master, and no record comes.
 */
import { setSession } from "../../cluster/client/ambient.js"
import { loadProgram } from "../../cluster/client/program/loader.js"
import { simulate } from "../../cluster/testing/index.js"

const [file, define] = process.argv.slice(2)
const session = define === "--define" ? await simulate() : null
if (session !== null) setSession(session)
await loadProgram(file!)
await session?.flush()
await session?.close()
