/**
 * The thread where a person's cells run: session, evaluator, host. ZeroMQ stays in the screen's thread; calls cross on a
 * port of their own, so that a cell that loops for ever stops neither. Started before there is a connection: loading
 * takes longer than connecting.
 */
import { randomBytes } from "node:crypto"
import { parentPort } from "node:worker_threads"
import { createSession } from "../../cluster/client/create-session.js"
import { PortCalls } from "../../cluster/client/port-calls.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { sessionSettings } from "../cli/options.js"
import { ChangeGuard } from "./change-guard.js"
import { ShellHost } from "./host.js"
import { Paths } from "./paths.js"
import type { FromHost, ToHost } from "./thread-messages.js"

interface Opened {
  readonly host: ShellHost
  readonly session: ClientSession
}

/** The screen has its prompt before types are looked at. */
const settledMs = 250

const port = parentPort!
const post = (message: FromHost) => port.postMessage(message)
let opened: Opened | null = null
/** What was asked before the session was open, in order. */
const early: ToHost[] = []

async function open({ calls: callsPort, data }: Extract<ToHost, { kind: "open" }>): Promise<void> {
  const { user, tz, columns, embedded, address, rich = false, confirm, promptColumns, rest } = data
  const calls = new PortCalls(callsPort, () => Date.now())
  const guard = confirm === undefined ? undefined : new ChangeGuard(confirm)
  const paths = new Paths()
  const session = await createSession(guard?.over(calls) ?? calls, {
    user,
    program: user,
    tz,
    as: `s-${randomBytes(6).toString("hex")}`,
    ...sessionSettings(),
    resolvePath: paths.resolve,
  })
  const host = new ShellHost({
    session,
    paths,
    tz,
    columns,
    embedded,
    ...(address !== undefined && { address }),
    rich,
    ...(guard && { guard }),
    ...(promptColumns !== undefined && { promptColumns }),
    ...(rest !== undefined && { rest }),
    user,
    onPush: handler => calls.onPush(handler),
    emit: event => post({ kind: "event", event }),
  })
  post({ kind: "started", lines: host.start() })
  host.startTyping(settledMs)
  opened = { host, session }
  for (const message of early.splice(0)) receive(opened, message)
}

function receive({ host, session }: Opened, message: ToHost): void {
  switch (message.kind) {
    case "open":
      return
    case "run":
      host.run(message.cell)
      return
    case "cancel":
      host.cancel()
      post({ kind: "cancelled" })
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
        .catch(() => null)
        .then(inspection => post({ kind: "inspected", id: message.id, inspection }))
      return
    case "panels":
      host.panels(message.order)
      return
    case "page":
      answer(message.id, async () => ({ kind: "paged", id: message.id, answer: host.page(message.which) }))
      return
    case "write":
      answer(message.id, async () => {
        return { kind: "written", id: message.id, said: await host.writeAnswer(message.which, message.path, message.order) }
      })
      return
    case "close":
      void host
        .close()
        .then(() => session.close())
        .catch(() => {})
        .then(() => post({ kind: "closed" }))
      return
  }
}

function answer(id: number, work: () => Promise<FromHost>): void {
  work().then(post, error => post({ kind: "notDone", id, ...failureOf(error) }))
}

function failureOf(error: unknown): { message: string; code: number; try?: string } {
  const known = error instanceof RivuletError ? error : undefined
  const message = error instanceof Error ? error.message : String(error)
  return { message, code: known?.code ?? 1, ...(known?.try ? { try: known.try } : {}) }
}

port.on("message", (message: ToHost) => {
  if (message.kind === "open") {
    open(message).catch(error => {
      post({ kind: "failed", ...failureOf(error) })
    })
  } else if (opened === null) {
    if (message.kind === "close") post({ kind: "closed" })
    else early.push(message)
  } else receive(opened, message)
})
