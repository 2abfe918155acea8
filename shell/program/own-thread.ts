/** One answer from a thread of its own: what it took of memory goes with it. */
import { parentPort, Worker, workerData } from "node:worker_threads"
import { RivuletError } from "../../engine/errors.js"

/** An error's class does not survive the way between threads: its parts do. */
type Answer = { readonly value: unknown } | { readonly refused: Pick<RivuletError, "message" | "code" | "try"> }

/** In the thread: answers with what `work` makes of what the thread was given. */
export function answerInThread(work: (given: never) => unknown): void {
  parentPort?.postMessage(answerOf(() => work(workerData as never)))
}

function answerOf(work: () => unknown): Answer {
  try {
    return { value: work() }
  } catch (error) {
    if (!(error instanceof RivuletError)) throw error
    return { refused: { message: error.message, code: error.code, try: error.try } }
  }
}

/** The answer of the thread that runs the module at `entry`, which calls `answerInThread`. Rejects with what was thrown there, a RivuletError as one. */
export function askThread(entry: URL | string, given: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(entry, { workerData: given })
    thread.once("message", (answer: Answer) => {
      if ("value" in answer) resolve(answer.value)
      else reject(new RivuletError(answer.refused.message, answer.refused))
      void thread.terminate()
    })
    thread.once("error", reject)
    // After an answer or an error it changes nothing.
    thread.once("exit", code =>
      reject(new RivuletError(`the thread of ${String(entry)} ended (${code}) without an answer`, { try: "run it again" })),
    )
  })
}
