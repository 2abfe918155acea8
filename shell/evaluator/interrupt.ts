/** Interrupts the JavaScript that another thread runs, a loop without end too, and leaves the thread and its variables alive. */

import { Session } from "node:inspector"
import type { Worker } from "node:worker_threads"

interface Attached {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } }
}

/** How long the thread may take to stop; V8 looks for interrupts in every turn of a loop. */
const limitMs = 2_000

/**
 * Ends what the thread executes at this moment: the cell fails with `interrupted`. Resolves true when it has stopped; false
 * when it did not within two seconds (it is in native code).
 * Only for a thread that is known to be busy: an idle one would lose the next thing it does. `busy` is asked at the last moment.
 */
export function interruptThread(thread: Worker, busy: () => boolean = () => true): Promise<boolean> {
  const session = new Session()
  session.connect()
  return new Promise<boolean>(resolve => {
    const end = (stopped: boolean): void => {
      clearTimeout(limit)
      session.disconnect()
      resolve(stopped)
    }
    const limit = setTimeout(() => end(false), limitMs)
    session.on("NodeWorker.attachedToWorker", ({ params: { sessionId, workerInfo } }: Attached) => {
      if (workerInfo.title !== `[worker ${thread.threadId}]`) return
      if (!busy()) return setImmediate(end, false)
      session.on("NodeWorker.receivedMessageFromWorker", () => setImmediate(end, true))
      const message = JSON.stringify({ id: 1, method: "Runtime.terminateExecution" })
      session.post("NodeWorker.sendMessageToWorker", { sessionId, message })
    })
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false })
  })
}
