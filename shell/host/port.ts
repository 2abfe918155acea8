/**
 * What the screen needs of the host that evaluates: the same whether the host runs in its own thread (the Ink screen) or in
 * this one (`--plain`, scripts, `query`).
 */
import type { PagedAnswer } from "../pager/paged.js"
import type { CompletionList, Inspection, PanelOrder, PanelView, StyledLine, Timeline } from "../session.js"
import type { PageView } from "../view/page.js"

/** `times`: so many times as slow; null: killed. */
export interface ChaosOrder {
  readonly worker: string
  readonly slower: number | null
}

export type HostEvent =
  | { readonly kind: "print"; readonly lines: readonly StyledLine[] }
  /** A better list than the one that was given for that text. */
  | { readonly kind: "completed"; readonly for: string; readonly list: CompletionList }
  | { readonly kind: "panels"; readonly panels: readonly PanelView[]; readonly timeline: Timeline | null }
  /** Where they are asked for (`rich`), in place of `print`: what the cell's last expression shows, and how it failed. */
  | { readonly kind: "result"; readonly lines: readonly StyledLine[]; readonly page: PageView }
  | { readonly kind: "error"; readonly name: string; readonly message: string; readonly lines: readonly StyledLine[] }
  /** The cell has ended; `failed` when it threw. */
  | { readonly kind: "done"; readonly failed: boolean }
  /** A text for the person's own editor; what becomes of it stands in the input then. */
  | { readonly kind: "edit"; readonly text: string }
  /** The host asks the screen's process for what only it can do. */
  | { readonly kind: "chaos"; readonly order: ChaosOrder }

export interface HostPort {
  run(cell: string): void
  /** Cancels what runs: a loop in the cell is interrupted, a query's tasks are freed. */
  cancel(): void
  complete(text: string, cursor: number): Promise<CompletionList>
  /** Null: nothing is known of what stands there. */
  inspect(text: string, cursor: number): Promise<Inspection | null>
  /** A stored answer for the pager; null when it has no rows. Throws when there is none. */
  page(which: string): Promise<PagedAnswer | null> | PagedAnswer | null
  /** Writes a stored answer, by the file's ending, and says what it did. */
  writeAnswer(which: string, path: string, order: readonly number[]): Promise<string>
  panels(order: PanelOrder): void
  resize(columns: number): void
  close(): Promise<void>
}
