/** Map stages that were launched here of late: those of an interval are mostly those of the one before. */

import type { FoldStage } from "../../engine/kernel/fold-stage.js"

export interface KnownStage {
  readonly fold: FoldStage
  seenMs: number
  /** Its newest task here said that its blocks can be folded. */
  folds: boolean
  /** They are left alone until then. */
  pausedUntilMs: number
  /** Folds of so many lanes, one after the other, were for nothing. */
  misses: number
  /** A fold of it kept a task waiting: left alone until then, longer each time. */
  slowUntilMs: number
  slowTimes: number
}

/** A stage that was not launched for so long, or for so many intervals, is none any more. */
const knownMs = 10_000
const knownIntervals = 4
/** Of the longest intervals, too. */
const forgottenMs = 86_400_000
/** After so many folds for nothing, one after the other, there is a pause. */
const missesMost = 3
const pauseMs = 30_000
/** The longest pause of a slow one: so often it is doubled. */
const doublingsMost = 10

export class KnownStages {
  /** By input, then key. */
  readonly #known = new Map<string, Map<string, KnownStage>>()

  launched(fold: FoldStage, nowMs: number): void {
    const stages = this.#known.get(fold.input) ?? new Map<string, KnownStage>()
    this.#known.set(fold.input, stages)
    const known = stages.get(fold.key)
    if (known === undefined)
      stages.set(fold.key, { fold, seenMs: nowMs, folds: false, pausedUntilMs: 0, misses: 0, slowUntilMs: 0, slowTimes: 0 })
    else known.seenMs = nowMs
  }

  get({ input, key }: Pick<FoldStage, "input" | "key">): KnownStage | undefined {
    return this.#known.get(input)?.get(key)
  }

  /** Those whose blocks are worth folding. */
  of(input: string, intervalMs: number, nowMs: number): KnownStage[] {
    const recentMs = Math.max(knownMs, knownIntervals * intervalMs)
    return [...(this.#known.get(input)?.values() ?? [])].filter(
      ({ folds, pausedUntilMs, slowUntilMs, seenMs }) =>
        folds && nowMs >= pausedUntilMs && nowMs >= slowUntilMs && nowMs - seenMs < recentMs,
    )
  }

  /** What was begun of it was for nothing. */
  missed(of: Pick<FoldStage, "input" | "key">, nowMs: number): void {
    const known = this.get(of)
    if (known === undefined || ++known.misses < missesMost) return
    known.misses = 0
    known.pausedUntilMs = nowMs + pauseMs
  }

  /** A fold of it kept a task waiting. Those of several executors at once are one time. */
  tooSlow(of: Pick<FoldStage, "input" | "key">, nowMs: number): void {
    const known = this.get(of)
    if (known === undefined || nowMs < known.slowUntilMs) return
    known.slowUntilMs = nowMs + pauseMs * 2 ** Math.min(known.slowTimes++, doublingsMost)
  }

  onTime(nowMs: number): void {
    for (const [input, stages] of this.#known) {
      for (const [key, { seenMs }] of stages) if (nowMs - seenMs > forgottenMs) stages.delete(key)
      if (stages.size === 0) this.#known.delete(input)
    }
  }
}
