/** The Ink shell: connection and screen in this thread, the host in its own, the status line asked once a second. */
import { openCalls } from "../../cluster/client/session.js"
import type { ClusterStatus } from "../../cluster/protocol.js"
import { formatTime } from "../../engine/time.js"
import { cellsOf } from "../evaluator/complete-cell.js"
import type { OpenShellOptions } from "../plain/repl.js"
import { openScreen } from "../screen.js"
import type { StatusView, StyledLine } from "../session.js"
import { formatRate } from "../view/number.js"
import { sparkline } from "../view/sparkline.js"
import type { HostEvent } from "./port.js"
import { RemoteHost } from "./remote.js"

const statusMs = 1000
/** Ink's development checks cost half of its time. */
process.env.NODE_ENV ??= "production"

export async function openInk(options: OpenShellOptions): Promise<void> {
  const { attachment, tz, user } = options
  const calls = await openCalls(attachment.address, { user })
  await attachment.demo?.ready
  let emit: (event: HostEvent) => void = () => {}
  const { host, lines } = await RemoteHost.open(
    calls,
    { user, tz, columns: process.stdout.columns ?? 80, embedded: attachment.cluster !== undefined },
    event => emit(event),
  )
  const screen = openScreen({
    prompt: `${attachment.name}> `,
    history: options.history,
    banner: [...options.banner, ...(attachment.demo ? [] : lines), { text: "  .help · Tab · Ctrl-D detaches", style: "dim" }],
    host: handler => {
      emit = handler
      return host
    },
    leave: async () => leave(await ownStreams(), attachment.cluster !== undefined, attachment.address),
    chaos: worker => void attachment.cluster?.kill(worker),
  })

  async function status(): Promise<ClusterStatus> {
    return (await calls.call({ kind: "request", body: { kind: "status" } })).value as ClusterStatus
  }
  async function ownStreams(): Promise<string[]> {
    const answered = calls.call({ kind: "request", body: { kind: "catalog" } }).then(({ value }) => value as readonly CatalogRow[])
    const entries = await Promise.race([answered, new Promise<readonly CatalogRow[]>(resolve => setTimeout(() => resolve([]), 300))])
    return entries.filter(entry => entry.definition.owner === user && entry.definition.named && entry.state === "running").map(entry => entry.definition.name)
  }

  let asking = false
  let askedAtMs = Date.now()
  const poll = setInterval(() => {
    if (asking) {
      const lostForS = Math.round((Date.now() - askedAtMs) / 1000)
      if (lostForS >= 2) screen.dispatch({ kind: "connection", lostForS })
      return
    }
    asking = true
    askedAtMs = Date.now()
    status()
      .then(answer => {
        screen.dispatch({ kind: "status", status: statusView(attachment.name, answer, tz) })
        screen.dispatch({ kind: "connection", lostForS: null })
      })
      .catch(() => {})
      .finally(() => {
        asking = false
      })
  }, statusMs)

  if (attachment.demo) for (const cell of ["const ones = views.map(v => [v.url, 1])", "const counts = ones.runningReduce((a, b) => a + b)", ".watch counts.top(5)"]) type(cell)
  if (options.cells !== undefined) for (const cell of cellsOf(options.cells)) type(cell)
  /** As if a person had typed it. */
  function type(cell: string): void {
    screen.dispatch({ kind: "input", event: { kind: "paste", text: cell } })
    screen.dispatch({ kind: "input", event: { kind: "key", key: "enter" } })
  }

  await screen.ended
  clearInterval(poll)
  await calls.close()
}

interface CatalogRow {
  readonly definition: { readonly owner: string; readonly named: boolean; readonly name: string }
  readonly state: string
}

function leave(own: readonly string[], embedded: boolean, address: string): { readonly lines: readonly StyledLine[]; readonly ask: boolean } {
  const names = own.length > 6 ? `${own.slice(0, 6).join(", ")} and ${own.length - 6} more` : own.join(", ")
  if (embedded && own.length > 0)
    return {
      lines: [
        { text: `this cluster is embedded and ends with the shell, and ${names} with it.`, style: "warning" },
        { text: "Ctrl-D again to leave · .save first", style: "dim" },
      ],
      ask: true,
    }
  if (embedded) return { lines: [{ text: "the embedded cluster ends", style: "dim" }], ask: false }
  return { lines: [{ text: own.length > 0 ? `left ${address}. Still running: ${names}.` : `left ${address}. Everything keeps running.`, style: "dim" }], ask: false }
}

function statusView(cluster: string, status: ClusterStatus, tz: string): StatusView {
  const lost = status.workers.filter(worker => worker.state === "lost").length
  const held = status.held[0]
  const behind = status.behind[0]
  return {
    cluster,
    workers: status.workers.length - lost,
    lost,
    streams: status.streams,
    rate: formatRate(status.recordsPerSecond),
    spark: sparkline(status.rates, 12),
    newest: status.newest ? `${formatTime(status.newest.throughMs, tz, { nowMs: status.wallMs })} in ${(status.newest.tookMs / 1000).toFixed(2)} s` : "",
    worst: held ? `● ${held.stream} held: .error` : behind ? `● ${behind.stream} ${(behind.lagMs / 1000).toFixed(1)} s behind: .jobs ${behind.stream}` : (status.warnings[0] ?? ""),
  }
}
