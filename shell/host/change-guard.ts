/**
 * On a cluster whose profile says `confirm`, a cell that changes it is typed twice. What changes it is known by what it asks of the
 * master, however it is written: a dot-command, `views.stop()`, a loop over handles. The first time that is refused; the same cell, entered
 * right after it, does it. Defining a stream of one's own changes nothing that others run.
 */
import type { ClientCall } from "../../cluster/client/call.js"
import type { ClientCalls } from "../../cluster/client/calls.js"
import type { Request } from "../../cluster/protocol.js"
import { RivuletError } from "../../engine/errors.js"

const changes: ReadonlySet<Request["kind"]> = new Set([
  "rename",
  "remember",
  "resume",
  "replace",
  "submit",
  "undo",
  "keep",
  "stop",
  "drain",
  "shutdown",
])

export class ChangeGuard {
  private cell = ""
  /** The cell that was refused last. */
  private refused: string | null = null
  private allows = false

  /** `cluster`: its name. */
  constructor(private readonly cluster: string) {}

  /** A cell begins. */
  begin(cell: string): void {
    this.allows = this.refused === cell
    this.refused = null
    this.cell = cell
  }

  /** It has ended: what it left behind may change nothing. */
  end(): void {
    this.allows = false
  }

  /** The session's way to the cluster. */
  over(calls: ClientCalls): ClientCalls {
    return {
      call: (call, options) => {
        if (!this.allows && changesCluster(call)) {
          this.refused = this.cell
          return Promise.reject(new RivuletError(`this changes ${this.cluster}`, { code: 4, try: "the same again does it" }))
        }
        return calls.call(call, options)
      },
      onPush: handler => calls.onPush(handler),
      now: () => calls.now(),
      close: () => calls.close(),
    }
  }
}

function changesCluster(call: ClientCall): boolean {
  if (call.kind !== "request" || !changes.has(call.body.kind)) return false
  return !("dryRun" in call.body && call.body.dryRun)
}
