/** What dot-commands may use of the host that runs them. */

import type { ClientSession } from "../../cluster/client/session.js"
import type { Stamp, StreamInfo } from "../../engine/fluent/types.js"
import type { StyledLine } from "../session.js"
import type { Chart } from "../view/chart.js"
import type { ViewMode } from "../view/rows-as.js"
import type { Background } from "./background.js"
import type { Edits } from "./edits.js"
import type { KeptAnswers } from "./kept-answers.js"
import type { HostEvent } from "./port.js"

type Lines = readonly StyledLine[]

export interface CommandHost {
  readonly session: ClientSession
  /** Cells across. */
  readonly columns: number
  readonly tz: string
  readonly lastStamp: Stamp | undefined
  readonly answers: KeptAnswers
  readonly lastError: Error | undefined
  /** What an expression stands for. */
  value(expression: string): Promise<unknown>
  /** The cluster's clock. */
  now(): number
  /** Throws when there is none of that name, or more than one. */
  streamInfo(name: string): Promise<StreamInfo>
  /** Gives the names of what has ended with it, its own too. */
  stop(name: string, cascade: boolean): Promise<readonly string[]>
  watch(args: string): Promise<Lines>
  share(args: string): Promise<Lines>
  pin(args: string): Promise<Lines>
  unwatch(name: string): Promise<Lines>
  /** Shows a chart: where pages are, drawn; else by these lines, which come back to be printed. */
  draw(chart: Chart, title: string, lines: Lines): Promise<Lines>
  setZone(zone: string): void
  save(path: string): Promise<Lines>
  load(path: string): Promise<Lines>
  /** Another definition for a stream, tried before it is put in place. */
  readonly edits: Edits
  /** Questions that are asked aside. */
  readonly background: Background
  view: ViewMode
  /** The cluster is this shell's own. */
  readonly embedded: boolean
  emit(event: HostEvent): void
  /** What is not the command's own result: it comes later. */
  print(lines: Lines): void
}
