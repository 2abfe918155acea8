/** What a shell's host is made with. */
import type { ClientCalls } from "../../cluster/client/calls.js"
import type { ClientSession } from "../../cluster/client/session.js"
import type { ChangeGuard } from "./change-guard.js"
import type { Paths } from "./paths.js"
import type { HostEvent } from "./port.js"

export interface ShellHostOptions {
  readonly session: ClientSession
  readonly tz: string
  readonly columns: number
  /** What the session's relative paths begin at. Absent: they are not changed for a page. */
  readonly paths?: Paths
  /** An embedded cluster can be broken on purpose. */
  readonly embedded: boolean
  /** Of a cluster that is changed only by who types it twice. */
  readonly guard?: ChangeGuard
  /** Of the master, as others reach it. */
  readonly address?: string
  readonly emit: (event: HostEvent) => void
  /** Results and errors as such, with HTML, in place of printed lines. */
  readonly rich?: boolean
  /** How the rest of a long answer is seen. */
  readonly rest?: string
  /** False: what functions print on the workers is not shown as it comes. */
  readonly followsLogs?: boolean
  /** Whose shell it is: what he does himself is no news. */
  readonly user?: string
  /** Where the cluster's events come from. Without it none are shown. */
  readonly onPush?: ClientCalls["onPush"]
  /** So many stand before a cell where it is shown as it was typed. */
  readonly promptColumns?: number
  /** Around what a cell does before it first waits. */
  readonly around?: <T>(work: () => T) => T
}
