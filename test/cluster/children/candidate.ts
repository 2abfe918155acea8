/** One of several masters as `rivulet master --store` starts it: `candidate.ts <options as JSON>`. Errors end it as they end the command. */
import { startCandidate } from "../../../cluster/master/candidate.js"
import { RivuletError } from "../../../engine/errors.js"

try {
  await startCandidate(JSON.parse(process.argv[2]!))
} catch (error) {
  console.error((error as Error).message)
  process.exit(error instanceof RivuletError ? error.code : 1)
}
