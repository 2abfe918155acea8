/** How far a question is, for who waits for it: tasks done of those known, and of those that run the one that has run longest. */
import type { ResponseValues } from "../protocol.js"
import type { Attempt } from "../scheduler/stage.js"
import type { Parts, Times } from "./parts.js"

export function queryProgress(
  { scheduler, registry }: Pick<Parts, "scheduler" | "registry">,
  job: string,
  { monotonicMs }: Pick<Times, "monotonicMs">,
): ResponseValues["progress"] {
  let [done, of] = [0, 0]
  let longest = null as Attempt | null
  for (const { tasks, open } of scheduler.stagesOf(job)) {
    of += tasks.size
    done += tasks.size - open
    if (open === 0) continue
    tasks.forEach(({ first }) => {
      if (first !== null && first.startedMs < (longest?.startedMs ?? Number.POSITIVE_INFINITY)) longest = first
    })
  }
  const { worker, startedMs } = longest ?? {}
  if (worker === undefined || startedMs === undefined) return { done, of, longest: null }
  return { done, of, longest: { worker: registry.get(worker)?.name ?? worker, ms: monotonicMs - startedMs } }
}
