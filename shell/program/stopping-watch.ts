/** Stops a debugger at one call of a user's function: counted in a first run, stopped at in a second. Tasks are deterministic. */
import { CallWatch } from "../../engine/task-error.js"
import { stopHere } from "./stop-here.js"

export class StoppingWatch extends CallWatch {
  calls = 0

  /** `stopAt`: the number of the call, 1 for the first; 0: none. */
  constructor(private readonly stopAt = 0) {
    super()
  }

  override wrap(f: (...args: never[]) => unknown, ...about: Tail): (...args: never[]) => unknown {
    const [, ref] = about
    // What is ours is not what somebody wants to see.
    if (ref === null) return super.wrap(f, ...about)
    const stopping = (...args: never[]): unknown => (++this.calls === this.stopAt ? stopHere(f, args) : f(...args))
    return super.wrap(stopping, ...about)
  }
}

type Tail = Parameters<CallWatch["wrap"]> extends [unknown, ...infer Rest] ? Rest : never
