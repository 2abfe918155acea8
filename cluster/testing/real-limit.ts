/**
 * A task of the simulation runs in the thread of the test, and its time on the simulated clock has an end that is known before: a function that never
 * ends would hang both. So it is called from a script that the platform ends, with all that it has called, after so much real time. That takes a thread for each task,
 * 0.3 ms: tasks whose functions are all read as expressions, which end, go without.
 */

import { createContext, Script } from "node:vm"
import { originOfCalled } from "../../engine/capture/called.js"
import { partsOf } from "../../engine/capture/codec.js"
import { beyondKnown, linkedFunctions } from "../../engine/expression/known.js"
import type { StageSpec, TaskFailure, TaskLimits, TaskProgress } from "../../engine/task.js"

const script = new Script("run()")
const scope: { run: () => void } = { run: () => {} }
const context = createContext(scope)

/** By hash, whether the function ends whatever it is given. */
const functions = new Map<string, boolean>()
const stages = new WeakMap<StageSpec, boolean>()

/** Whether each of the stage's functions ends whatever it is given. `assets`: what they are, by hash. */
export function surelyEnds(stage: StageSpec, assets: ReadonlyMap<string, Uint8Array>): boolean {
  let ends = stages.get(stage)
  if (ends === undefined) {
    ends = linkedFunctions([stage.root, stage.write]).every(hash => functionEnds(hash, assets.get(hash)))
    stages.set(stage, ends)
  }
  return ends
}

function functionEnds(hash: string, bytes: Uint8Array | undefined): boolean {
  if (bytes === undefined) return false
  let ends = functions.get(hash)
  if (ends === undefined) {
    // What is large travels in parts: the rest alone is no function.
    ends = partsOf(bytes).length === 0 && beyondKnown(bytes) === null
    functions.set(hash, ends)
  }
  return ends
}

/** What `work` gives or throws; `late()`, if it has not ended in time: no `finally` of it has run then. */
export function withinRealTime<T>(limitMs: number, work: () => T, late: () => T): T {
  let ended: (() => T) | null = null
  scope.run = () => {
    try {
      const value = work()
      ended = () => value
    } catch (error) {
      ended = () => {
        throw error
      }
    }
  }
  try {
    script.runInContext(context, { timeout: limitMs })
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error
  }
  return (ended ?? late)()
}

/** As of a thread that was ended. `assets`: the functions that the worker has. */
export function tookTooLong({ timeoutMs }: TaskLimits, progress: TaskProgress, assets: ReadonlyMap<string, Uint8Array>): TaskFailure {
  const message = `did not end within ${timeoutMs / 1_000} s and was stopped`
  return { kind: "timeout", message, try: "a function that ends; or a longer taskTimeout", ...originOfCalled(progress, assets) }
}
