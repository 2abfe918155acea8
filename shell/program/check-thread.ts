/** The check of a program's types in a thread of its own: the compiler's hundred megabytes go with it. */
import { Worker } from "node:worker_threads"

const entry = new URL(`./check-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)

/** As `typeErrors`. */
export function typeErrorsApart(path: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(entry, { workerData: path })
    thread.once("message", (errors: string[]) => {
      resolve(errors)
      void thread.terminate()
    })
    thread.once("error", reject)
  })
}
