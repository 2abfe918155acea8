import { RivuletError } from "../../engine/errors.js"

/** A request that names functions which its client takes to be here. */
export class LackingAssets extends RivuletError {
  constructor(readonly hashes: readonly string[]) {
    super(`${hashes.length === 1 ? "a function" : `${hashes.length} functions`} of it came with a definition that is no more`, {
      code: 5,
      try: "ask again in a new session",
    })
  }
}
