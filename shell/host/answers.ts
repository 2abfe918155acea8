import type { Answer } from "../../engine/fluent/types.js"

/** Whether a value is an action's answer: a promise that can be cancelled and has a stamp. */
export function isAnswer(value: unknown): value is Answer<unknown> {
  return typeof value === "object" && value !== null && "then" in value && "cancel" in value && "stamped" in value
}
