/** What records of the session's streams are made of, asked at most so often, and no longer than a person waits. */
import type { ClientSession } from "../../cluster/client/session.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Field, RDD } from "../../engine/fluent/types.js"
import type { Evaluator } from "../evaluator/evaluator.js"
import type { StyledLine } from "../session.js"
import { fieldReads, unknownField } from "./unknown-fields.js"

const keptForMs = 10_000
const patienceMs = 400
/** A cell's answer waits no longer than this for a warning. */
const warningPatienceMs = 150

export class KnownFields {
  private readonly fields = new Map<string, { readonly fields: readonly Field[]; readonly askedMs: number }>()

  constructor(
    private readonly clock: ClientSession["clock"],
    private readonly evaluator: Evaluator,
  ) {}

  /** Of the newest records of the stream of that name; none when it is no stream, or when that takes too long. */
  async of(name: string): Promise<readonly Field[]> {
    const known = this.fields.get(name)
    if (known && this.clock.now() - known.askedMs < keptForMs) return known.fields
    const handle = await this.evaluator.peek(name)
    if (handleData(handle) === undefined) return []
    const fields = await Promise.race([(handle as RDD<unknown>).schema().catch(() => []), nothingAfter(patienceMs)])
    if (fields.length > 0) this.fields.set(name, { fields, askedMs: this.clock.now() })
    return fields
  }

  /** Warnings of fields that a cell reads and no record has; asked beside the cell. */
  async unknownIn(cell: string): Promise<StyledLine[]> {
    const lines: StyledLine[] = []
    const soon = nothingAfter(warningPatienceMs)
    for (const read of fieldReads(cell)) {
      const fields = await Promise.race([this.of(read.root).catch(() => []), soon])
      lines.push(...unknownField(cell, read, fields))
    }
    return lines
  }
}

function nothingAfter(ms: number): Promise<Field[]> {
  return new Promise(resolve => setTimeout(resolve, ms, []).unref())
}
