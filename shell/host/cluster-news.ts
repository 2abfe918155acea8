/** What happens in the cluster: a line each as it comes. */
import type { ClientCalls } from "../../cluster/client/calls.js"
import type { StyledLine } from "../session-types.js"
import { eventLine } from "./event-line.js"

export interface NewsOptions {
  /** Without it there is no news. */
  readonly onPush?: ClientCalls["onPush"]
  /** What he does himself is none. */
  readonly user: string
  readonly print: (lines: readonly StyledLine[]) => void
}

export class ClusterNews {
  readonly close: () => void

  constructor({ onPush, user, print }: NewsOptions) {
    const deaf = onPush?.(push => {
      const line = push.kind === "event" ? eventLine(push.event, user) : null
      if (line !== null) print([line])
    })
    this.close = () => deaf?.()
  }
}
