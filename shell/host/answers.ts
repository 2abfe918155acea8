import type { Answer, Series, Stamp } from "../../engine/fluent/types.js"

/** Whether a value is an action's answer: a promise that can be cancelled and has a stamp. */
export function isAnswer(value: unknown): value is Answer<unknown> {
  return typeof value === "object" && value !== null && "then" in value && "cancel" in value && "stamped" in value
}

/** What an action over versions gives: one result a version. */
export function isSeries(value: unknown): value is Series<unknown> {
  return typeof value === "object" && value !== null && "plot" in value && "values" in value && Symbol.iterator in value && "last" in value
}

/** `["/a", 3]`: what is looked at from the greatest on. */
export function isRanked(row: unknown): row is [unknown, number] {
  return Array.isArray(row) && row.length === 2 && typeof row[1] === "number"
}

type Asked<T> = Pick<Answer<T>, "cancel"> & { stamped(): Promise<{ readonly value: T; readonly stamp: Stamp }> }

/** Waits for an answer under a signal: Ctrl-C frees its tasks. */
export async function settled<T>(answer: Asked<T>, signal?: AbortSignal): Promise<{ readonly value: T; readonly stamp: Stamp }> {
  const cancel = () => answer.cancel()
  signal?.addEventListener("abort", cancel, { once: true })
  if (signal?.aborted) cancel()
  try {
    return await answer.stamped()
  } finally {
    signal?.removeEventListener("abort", cancel)
  }
}
