/** What happened in the cluster since the shell attached: a line each as it comes, and the newest for `.events`. */
import type { ClientCalls } from "../../cluster/client/calls.js"
import type { StyledLine } from "../session-types.js"
import { eventLine } from "./event-line.js"

const eventsKept = 200

export interface NewsOptions {
  /** Without it there is no news. */
  readonly onPush?: ClientCalls["onPush"]
  /** What he does himself is none. */
  readonly user: string
  readonly now: () => number
  readonly print: (lines: readonly StyledLine[]) => void
}

export class ClusterNews {
  readonly events: { readonly atMs: number; readonly line: StyledLine }[] = []
  readonly close: () => void

  constructor({ onPush, user, now, print }: NewsOptions) {
    const deaf = onPush?.(push => {
      const line = push.kind === "event" ? eventLine(push.event, user) : null
      if (line === null) return
      this.events.push({ atMs: now(), line })
      if (this.events.length > eventsKept) this.events.shift()
      print([line])
    })
    this.close = () => deaf?.()
  }
}
