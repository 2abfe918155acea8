/** The handle of a stream, by its kind. */

import type { StreamDefinition } from "../definition.js"
import type { Host } from "./host.js"
import { RecordsHandle } from "./records.js"
import { SnapshotHandle, StateHandle } from "./snapshot.js"
import { StreamHandle } from "./stream.js"
import type { Handle } from "./stream-types.js"

export function openHandle(host: Host, definition: StreamDefinition, keyed = definition.kind === "state"): Handle {
  return make(host, definition, keyed) as unknown as Handle
}

function make(host: Host, { id, kind }: StreamDefinition, keyed: boolean): StreamHandle {
  if (kind === "input" || kind === "records") return new RecordsHandle(host, id)
  if (kind === "output") return new StreamHandle(host, id)
  return keyed ? new StateHandle(host, id, true) : new SnapshotHandle(host, id)
}
