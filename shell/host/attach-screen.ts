/** The Ink shell: connection and screen in this thread, the host in its own, the status line asked once a second. */
import type { Welcome } from "../../cluster/client/call.js"
import type { RuntimeCalls } from "../../cluster/client/calls.js"
import type { ClusterStatus } from "../../cluster/protocol.js"
import { RivuletError } from "../../engine/errors.js"
import { formatTime } from "../../engine/time.js"
import { keyLines, type OpenShellOptions } from "../cli/attachment.js"
import { connectTimeoutMs } from "../cli/options.js"
import { demoCells, demoTour } from "../demo/tour.js"
import { cellsOf } from "../evaluator/complete-cell.js"
import type { Screen } from "../screen.js"
import type { StatusView, StyledLine } from "../session.js"
import { formatRate } from "../view/number.js"
import { progressOf } from "../view/progress.js"
import { sparkline } from "../view/sparkline.js"
import { doChaos } from "./chaos.js"
import { dial } from "./dial.js"
import { takenOverLine } from "./master-lines.js"
import { RemoteHost } from "./remote.js"
import { troubleLine, troublesOf } from "./troubles.js"

const statusMs = 1000
const leaveMs = 300

/** What a demonstration has on its screen before anybody types, and what grey text then offers. */
export interface PreparedInk {
  readonly screen: Promise<typeof import("../screen.js")>
  readonly host: RemoteHost
  /** The connection, where its address was known before. */
  readonly calls: RuntimeCalls | undefined
}

/** Loads the screen's libraries and the host's thread: most of an attach, so it begins before there is a connection. `calls`: from `dial`. */
export function prepareInk(calls: PreparedInk["calls"]): PreparedInk {
  // Ink's development checks cost half of its time; it looks at this as it is loaded.
  process.env.NODE_ENV ??= "production"
  // It paints nothing where it takes the terminal for a build server's; here is a person.
  process.env.CI = "false"
  const screen = import("../screen.js")
  screen.catch(() => {})
  return { screen, host: RemoteHost.launch(), calls }
}

export async function openInk(options: OpenShellOptions, prepared: PreparedInk): Promise<void> {
  const { attachment, tz, user, ending } = options
  let host = prepared.host
  const prompt = `${attachment.name}> `
  const hostData = () => ({
    user,
    tz,
    columns: process.stdout.columns ?? 80,
    embedded: attachment.cluster !== undefined,
    address: attachment.address,
    ...(attachment.confirm && { confirm: attachment.name }),
    promptColumns: prompt.length,
    rest: "Ctrl-O",
  })
  ending.add(() => host.close())
  const calls = await (prepared.calls ?? dial(attachment.address, { user, readOnly: attachment.readOnly === true }))
  ending.add(() => calls.close())
  const opened = Promise.resolve(attachment.demo?.ready).then(() => host.open(calls, hostData()))
  // Whoever is not welcome hears of it there.
  opened.catch(() => {})
  const welcomed = calls.call({ kind: "connect", timeoutMs: connectTimeoutMs() })
  welcomed.catch(() => {})
  // The prompt is there with the connection: what the master says of itself, and its streams, come above it.
  await calls.call({ kind: "reach", timeoutMs: connectTimeoutMs() })
  const { openScreen } = await prepared.screen
  let failed: Error | undefined

  const screen: Screen = openScreen({
    prompt,
    ...(attachment.color && { color: attachment.color }),
    history: options.history,
    banner: options.banner,
    tour: attachment.demo ? demoTour : [],
    host: emit => {
      const listen = () => {
        host.emit = emit
        host.onDied = why => {
          const lines: StyledLine[] = [
            { text: `the thread of your cells ended (${why}). Its names are gone; streams go on.`, style: "warning" },
          ]
          emit({ kind: "print", lines })
          emit({ kind: "done", failed: true })
          host = RemoteHost.launch()
          listen()
          host.open(calls, hostData()).catch(end)
        }
      }
      listen()
      return {
        run: cell => host.run(cell),
        cancel: () => host.cancel(),
        complete: (text, cursor) => host.complete(text, cursor),
        inspect: (text, cursor) => host.inspect(text, cursor),
        page: which => host.page(which),
        writeAnswer: (which, path, order) => host.writeAnswer(which, path, order),
        panels: order => host.panels(order),
        resize: columns => host.resize(columns),
        close: () => host.close(),
      }
    },
    leave: async () =>
      leave(await ownStreams(), { embedded: attachment.cluster !== undefined, address: attachment.address, tz, nowMs: Date.now() }),
    lent: lent => {
      ending.interrupt = lent ? () => {} : null
    },
    chaos: order => doChaos(attachment.cluster, order, lines => screen.dispatch({ kind: "print", lines })),
  })
  ending.add(() => screen.close())
  function end(error: unknown): void {
    failed = error instanceof Error ? error : new RivuletError(String(error))
    screen.close()
  }

  const started = async () => {
    const welcome = (await welcomed).value as Welcome
    const lines = [...keyLines(attachment, welcome), ...(await opened)]
    const leaving = attachment.cluster === undefined ? "Ctrl-D detaches, everything keeps running" : "Ctrl-D leaves, and the cluster ends"
    const tail: StyledLine = attachment.demo
      ? { text: "  → then Enter takes the grey text: a tour in six steps. .tour off ends it · .help · Ctrl-D leaves", style: "dim" }
      : { text: `  ° state. All names are bound here. .help · Tab · ${leaving}`, style: "dim" }
    screen.dispatch({ kind: "print", lines: [...(attachment.demo ? [] : lines), tail] })
    for (const cell of attachment.demo ? demoCells : []) screen.enter(cell)
    screen.beginTour()
    for (const cell of options.cells === undefined ? [] : cellsOf(options.cells)) screen.enter(cell)
  }
  started().catch(end)

  async function status(): Promise<ClusterStatus> {
    return (await calls.call({ kind: "request", body: { kind: "status" } })).value as ClusterStatus
  }
  /** Null: the master does not answer. */
  async function ownStreams(): Promise<readonly CatalogRow[] | null> {
    const answered = calls.call({ kind: "request", body: { kind: "catalog" } }).then(({ value }) => value as readonly CatalogRow[])
    const tooLate = new Promise<null>(resolve => setTimeout(() => resolve(null), leaveMs))
    const entries = await Promise.race([answered, tooLate])
    return entries?.filter(isOwn) ?? null
  }
  function isOwn({ definition, state }: CatalogRow): boolean {
    return definition.owner === user && definition.named && state === "running"
  }

  let clusterEnded = false
  const deaf = calls.onPush(push => {
    if (push.kind === "progress") screen.dispatch({ kind: "progress", text: progressOf(push) })
    else if (push.kind === "event" && push.event.kind === "ending") clusterEnded = push.event.startedBy !== null
    else if (push.kind === "connection" && push.connected) clusterEnded = false
  })
  ending.add(deaf)

  let asking = false
  let last: ClusterStatus | null = null
  let askedAtMs = Date.now()
  const poll = setInterval(() => {
    if (asking) {
      const lostForS = Math.round((Date.now() - askedAtMs) / 1000)
      if (lostForS >= 2) screen.dispatch({ kind: "connection", lostForS, clusterEnded })
      return
    }
    asking = true
    askedAtMs = Date.now()
    status()
      .then(answer => {
        const text = takenOverLine(last, answer)
        last = answer
        if (text !== null) screen.dispatch({ kind: "print", lines: [{ text, style: "dim" }] })
        screen.dispatch({ kind: "status", status: statusView(attachment.name, answer, tz) })
        screen.dispatch({ kind: "connection", lostForS: null })
      })
      .catch(() => {})
      .finally(() => {
        asking = false
      })
  }, statusMs)
  ending.add(() => clearInterval(poll))

  await screen.ended
  if (failed) throw failed
}

export interface CatalogRow {
  readonly definition: { readonly owner: string; readonly program: string; readonly named: boolean; readonly name: string }
  readonly state: string
  readonly lease?: { readonly ttlMs: number }
}

/** What goes on without this shell, and until when. `own`: null if the master does not answer. */
export function leave(
  own: readonly CatalogRow[] | null,
  { embedded, address, tz, nowMs }: { readonly embedded: boolean; readonly address: string; readonly tz: string; readonly nowMs: number },
): { readonly lines: readonly StyledLine[]; readonly ask: boolean } {
  if (own === null && !embedded)
    return { lines: [{ text: `left ${address}, whose master does not answer: what runs there is not known.`, style: "dim" }], ask: false }
  const rows = own ?? []
  const listed = (some: readonly CatalogRow[]) => {
    const names = some.map(({ definition }) => definition.name)
    return names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more` : names.join(", ")
  }
  const names = listed(rows)
  if (embedded && rows.length > 0)
    return {
      lines: [
        { text: `this cluster is embedded and ends with the shell, and ${names} with it.`, style: "warning" },
        { text: "Ctrl-D again to leave · .save cells.ts first", style: "dim" },
      ],
      ask: true,
    }
  if (embedded) return { lines: [{ text: "the embedded cluster ends", style: "dim" }], ask: false }
  if (rows.length === 0) return { lines: [{ text: `left ${address}. Everything keeps running.`, style: "dim" }], ask: false }
  const scratch = rows.filter(({ lease }) => lease !== undefined)
  const kept = rows.filter(({ lease }) => lease === undefined)
  const [first] = scratch
  const ends = first && formatTime(nowMs + Math.min(...scratch.map(({ lease }) => lease?.ttlMs ?? 0)), tz, { nowMs, date: "always" })
  const parts = [
    ...(kept.length > 0 ? [`Still running: ${listed(kept)}.`] : []),
    ...(first
      ? [`Still running until ${ends}: ${listed(scratch)}. rivulet keep ${first.definition.program}/${first.definition.name} to keep it.`]
      : []),
  ]
  return { lines: [{ text: `left ${address}. ${parts.join(" ")}`, style: "dim" }], ask: false }
}

function statusView(cluster: string, status: ClusterStatus, tz: string): StatusView {
  const lost = status.workers.filter(worker => worker.state === "lost").length
  const newest = status.newest
  return {
    cluster,
    workers: status.workers.length - lost,
    lost,
    streams: status.streams,
    rate: formatRate(status.recordsPerSecond),
    spark: sparkline(status.rates, 12),
    newest: newest ? `${formatTime(newest.throughMs, tz, { nowMs: status.wallMs })} in ${(newest.tookMs / 1000).toFixed(2)} s` : "",
    worst: troubleLine(troublesOf(status)),
  }
}
