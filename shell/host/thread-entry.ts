/**
 * The thread where a person's cells run: session, evaluator, host. ZeroMQ stays in the screen's thread; calls cross on a
 * port of their own, so that a cell that loops for ever stops neither.
 */
import { parentPort, type MessagePort, workerData } from "node:worker_threads"
import { PortCalls } from "../../cluster/client/port-calls.js"
import { createSession } from "../../cluster/client/create-session.js"
import { RivuletError } from "../../engine/errors.js"
import { resolve } from "node:path"
import { ShellHost } from "./host.js"
import type { FromHost, HostThreadData, ToHost } from "./thread-messages.js"

const { calls: callsPort, data } = workerData as { readonly calls: MessagePort; readonly data: HostThreadData }
const port = parentPort!
const post = (message: FromHost) => port.postMessage(message)

try {
  const calls = new PortCalls(callsPort, () => Date.now())
  const session = await createSession(calls, { user: data.user, program: data.user, tz: data.tz, resolvePath: path => resolve(path) })
  const host = new ShellHost({ session, tz: data.tz, columns: data.columns, embedded: data.embedded, emit: event => post({ kind: "event", event }) })
  post({ kind: "started", lines: await host.start() })
  port.on("message", (message: ToHost) => {
    switch (message.kind) {
      case "run":
        host.run(message.cell)
        return
      case "cancel":
        host.cancel()
        return
      case "resize":
        host.resize(message.columns)
        return
      case "complete":
        void host
          .complete(message.text, message.cursor)
          .catch(() => ({ items: [], selected: 0, from: message.cursor, to: message.cursor }))
          .then(list => post({ kind: "completed", id: message.id, list }))
        return
      case "inspect":
        void host
          .inspect(message.text, message.cursor)
          .catch(() => [])
          .then(lines => post({ kind: "inspected", id: message.id, lines }))
        return
      case "close":
        void host
          .keeps()
          .catch(() => [])
          .then(async keeps => {
            await host.close()
            await session.close().catch(() => {})
            post({ kind: "closed", keeps })
          })
        return
    }
  })
} catch (error) {
  const known = error instanceof RivuletError ? error : undefined
  post({ kind: "failed", message: error instanceof Error ? error.message : String(error), code: known?.code ?? 1, ...(known?.try ? { try: known.try } : {}) })
}
