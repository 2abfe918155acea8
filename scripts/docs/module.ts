/** Runs a module as `rivulet run` loads a program: `rivulet` and `rivulet/testing` are this checkout. */
import { loadProgram } from "../../cluster/client/program/loader.js"

await loadProgram(process.argv[2]!)
