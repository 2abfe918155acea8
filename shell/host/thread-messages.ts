/** What crosses between the screen's thread and the host's. */
import type { MessagePort } from "node:worker_threads"
import type { PagedAnswer } from "../pager/paged.js"
import type { CompletionList, Inspection, PanelOrder, StyledLine } from "../session.js"
import type { HostEvent } from "./port.js"

export interface HostThreadData {
  readonly user: string
  readonly tz: string
  readonly columns: number
  readonly embedded: boolean
  /** The cluster's name, where what changes it is typed twice. */
  readonly confirm?: string
  /** Of the master, as others reach it. */
  readonly address?: string
  /** Results and errors as such, with HTML, in place of printed lines. */
  readonly rich?: boolean
  /** So many stand before a cell where it is shown as it was typed. */
  readonly promptColumns?: number
  /** How the rest of a long answer is seen. */
  readonly rest?: string
}

export type ToHost =
  /** First of all. `calls` is the way to the cluster. */
  | { readonly kind: "open"; readonly calls: MessagePort; readonly data: HostThreadData }
  | { readonly kind: "run"; readonly cell: string }
  | { readonly kind: "cancel" }
  | { readonly kind: "resize"; readonly columns: number }
  | { readonly kind: "complete" | "inspect"; readonly id: number; readonly text: string; readonly cursor: number }
  | { readonly kind: "panels"; readonly order: PanelOrder }
  | { readonly kind: "page"; readonly id: number; readonly which: string }
  | { readonly kind: "write"; readonly id: number; readonly which: string; readonly path: string; readonly order: readonly number[] }
  | { readonly kind: "close" }

export type FromHost =
  | { readonly kind: "started"; readonly lines: readonly StyledLine[] }
  | { readonly kind: "failed"; readonly message: string; readonly code: number; readonly try?: string }
  | { readonly kind: "event"; readonly event: HostEvent }
  | { readonly kind: "completed"; readonly id: number; readonly list: CompletionList }
  | { readonly kind: "inspected"; readonly id: number; readonly inspection: Inspection | null }
  | { readonly kind: "paged"; readonly id: number; readonly answer: PagedAnswer | null }
  | { readonly kind: "written"; readonly id: number; readonly said: string }
  | { readonly kind: "notDone"; readonly id: number; readonly message: string; readonly code: number; readonly try?: string }
  /** The order to cancel has been carried out. */
  | { readonly kind: "cancelled" }
  | { readonly kind: "closed" }
