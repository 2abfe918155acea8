/** The second half of an action, where the question was asked: over what came of partitions that were ready. */

import type { Action } from "../actions/action.js"
import { finishAction } from "../actions/eval.js"
import { builtins } from "../builtins.js"
import { RivuletError } from "../errors.js"
import type { FunctionLink } from "../function-ref.js"
import type { UserFunction } from "./host.js"

/** `fn`: what the action's functions are. */
export function finishedRows(action: Action, rows: readonly unknown[], fn: (link: FunctionLink) => UserFunction): unknown[] {
  const half = finishAction(action, { partition: 0, fn: link => fn(link) }, null)
  for (const row of rows) half.add(row)
  const results: unknown[] = []
  half.end(row => void results.push(row))
  return results
}

/** Functions that are known by their names; RivuletError (2) for one of the user's, which is there on the workers. */
export function builtinAlone(link: FunctionLink): UserFunction {
  if (link.kind === "builtin") return builtins[link.name] as UserFunction
  throw new RivuletError("what is ready is put together here, and the question's last step has a function of yours", {
    code: 2,
    try: 'counts.latest().partial({ within: "2s" }).top(5, c => c[1])',
  })
}
