/** A master as `rivulet master` starts it: `master.ts <options as JSON>`. Errors end it as they end the command. */
import { startMaster } from "../../../cluster/master/main.js"
import { RivuletError } from "../../../engine/errors.js"

try {
  await startMaster(JSON.parse(process.argv[2]!))
} catch (error) {
  console.error((error as Error).message)
  process.exit(error instanceof RivuletError ? error.code : 1)
}
