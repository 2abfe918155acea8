/** A thread with an evaluator: cells in, values out. */
import { parentPort } from "node:worker_threads"
import { Evaluator } from "../../../shell/evaluator/evaluator.js"

const port = parentPort!
const evaluator = new Evaluator({
  globals: { looping: () => port.postMessage({ kind: "looping" }) },
  onConsole: (level, text) => port.postMessage({ kind: "console", level, text }),
})
port.on("message", (cell: string) => {
  if (cell === "interrupt") return evaluator.interrupt()
  void evaluator.evaluate(cell).then(
    ({ value }) => port.postMessage({ kind: "value", value }),
    (error: unknown) => port.postMessage({ kind: "error", message: error instanceof Error ? error.message : String(error) }),
  )
})
port.on("close", () => evaluator.close())
port.postMessage({ kind: "ready" })
