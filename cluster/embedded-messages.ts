/** What goes between the owner of an embedded cluster and its processes. */

import type { MasterProcessOptions } from "./master/main.js"
import type { WorkerProcessOptions } from "./worker/main.js"

/** The process loads its code at once and starts when it is told how. */
export type ToProcess =
  | { readonly kind: "master"; readonly options: MasterProcessOptions; readonly log: string | null }
  | { readonly kind: "worker"; readonly options: WorkerProcessOptions; readonly log: string | null }
  /** worker: tasks take so many times as long from now on. */
  | { readonly kind: "slow"; readonly times: number }

export type FromProcess =
  | { readonly kind: "listening"; readonly address: string }
  /** worker: the master lists so many workers. */
  | { readonly kind: "listed"; readonly workers: number }
  | { readonly kind: "failed"; readonly message: string; readonly code: number; readonly try?: string }
