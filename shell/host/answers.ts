import type { Answer, Series } from "../../engine/fluent/types.js"

/** Whether a value is an action's answer: a promise that can be cancelled and has a stamp. */
export function isAnswer(value: unknown): value is Answer<unknown> {
  return typeof value === "object" && value !== null && "then" in value && "cancel" in value && "stamped" in value
}

/** What an action over versions gives: one result a version. */
export function isSeries(value: unknown): value is Series<unknown> {
  return typeof value === "object" && value !== null && "plot" in value && "values" in value && Symbol.iterator in value && "last" in value
}
