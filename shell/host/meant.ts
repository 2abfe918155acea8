/**
 * What may have been meant where a name is not there: the nearest of those that are, in the line as it would be typed. And what people
 * type who come from another prompt.
 */
import { RivuletError } from "../../engine/errors.js"
import { isHint } from "../../engine/fluent/hints.js"
import { RddHandle } from "../../engine/fluent/rdd.js"
import { RecordsHandle } from "../../engine/fluent/records.js"
import { StateHandle } from "../../engine/fluent/snapshot.js"
import { SnapshotsHandle } from "../../engine/fluent/snapshots.js"
import { nearest } from "../../engine/nearest.js"
import { foreignNames } from "./foreign.js"

export interface Names {
  names(): string[]
  peek(name: string): Promise<unknown>
}

/**
 * Hangs on the error what to try, if a name is wrong and another is near, or says no one stream: `adviceOn` gives it. `streams`: the cluster's
 * that have a name, as `program/name`.
 */
export async function addMeant(error: unknown, cell: string, known: Names, streams: (name: string) => string[]): Promise<void> {
  if (!(error instanceof Error) || error instanceof RivuletError || "failure" in error) return
  const advice = await meant(error, cell, known, streams)
  if (advice !== undefined) Object.defineProperty(error, "meant", { value: advice, configurable: true })
}

async function meant(error: Error, cell: string, known: Names, streams: (name: string) => string[]): Promise<string | undefined> {
  const name = /^([\p{ID_Start}$_][\p{ID_Continue}$]*) is not defined$/u.exec(error.message)?.[1]
  if (name !== undefined) {
    const called = streams(name).map(full => `stream("${full}")`)
    if (called.length > 0) return called.join(" or ")
    if (Object.hasOwn(foreignNames, name)) return foreignNames[name]
    const near = nearest(name, known.names())
    return near && instead(cell, new RegExp(`(?<![.\\w$])${escaped(name)}(?![\\w$])`, "g"), near)
  }
  const call = /^(.*)\.([\p{ID_Start}$_][\p{ID_Continue}$]*) is not a function$/u.exec(error.message)
  if (!call) return undefined
  const [, receiver, method] = call as unknown as [string, string, string]
  const near = nearest(method, methodsOf(await known.peek(receiver)))
  // Other kinds of handles have one of that very name: it is no slip of the pen.
  if (near === method) return undefined
  return near && instead(cell, new RegExp(`(?<=\\.\\s*)${escaped(method)}(?![\\w$])`, "g"), near)
}

const longest = 100

/** The line as it would be typed, where that is short. */
function instead(cell: string, wrong: RegExp, near: string): string {
  const right = cell.trim().replace(wrong, () => near)
  return right.includes("\n") || right.length > longest ? near : right
}

const escaped = (name: string) => name.replace(/\$/g, "\\$&")

/** What can be called on a value; of one that nobody knows here, what can be called on any handle. */
function methodsOf(value: unknown): string[] {
  const prototypes =
    value === undefined || value === null
      ? [RecordsHandle, StateHandle, RddHandle, SnapshotsHandle].map(one => one.prototype as object)
      : [Object(value) as object]
  const names = new Set<string>()
  for (const first of prototypes)
    for (let at: object | null = first; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null)
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
        if (typeof value === "function" && name !== "constructor" && !isHint(value)) names.add(name)
  return [...names]
}
