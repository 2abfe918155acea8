/** Which kind of stream a value is, and whether the cluster makes it every interval or only when asked. */
import type { ClientSession } from "../../cluster/client/session.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { StreamInfo } from "../../engine/fluent/types.js"

export type StreamKindName = StreamInfo["kind"]

/** Undefined for what is no stream. */
export function kindOf(session: ClientSession, value: unknown): StreamKindName | undefined {
  const data = handleData(value)
  return data?.kind === "stream" ? session.host.definitions.get(data.id).kind : undefined
}

/** Inputs, states and outputs are made every interval from their definition on; the others are recipes. */
export function runs(kind: StreamKindName | undefined): boolean {
  return kind === "input" || kind === "state" || kind === "output"
}
