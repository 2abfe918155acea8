/** A worker as `rivulet worker` starts it: `worker.ts <options as JSON>`. Errors end it as they end the command. */
import { startWorker } from "../../../cluster/worker/main.js"
import { RivuletError } from "../../../engine/errors.js"

try {
  await startWorker(JSON.parse(process.argv[2]!))
} catch (error) {
  console.error((error as Error).message)
  process.exit(error instanceof RivuletError ? error.code : 1)
}
