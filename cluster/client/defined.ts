/** A definition that the master has just accepted: what the line that echoes it is made of. */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { Duration } from "../../engine/time.js"

export interface Defined {
  readonly id: StreamId
  readonly name: string
  readonly named: boolean
  readonly kind: StreamDefinition["kind"]
  /** It is made every interval, whatever its kind. */
  readonly persist: boolean
  readonly interval: Duration
  /** The first interval's start. */
  readonly since: number
  /** `limit = 5` */
  readonly captures: readonly string[]
  readonly notes: readonly string[]
}
