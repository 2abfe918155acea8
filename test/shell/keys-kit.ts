/** Keys as a terminal sends them. */
import { decode, decodeRest, freshDecoder, type InputEvent } from "../../shell/editor/decode.js"

/** What has been typed when nothing follows any more. */
export function eventsOf(keys: string): InputEvent[] {
  const { events, state } = decode(freshDecoder, keys)
  return [...events, ...decodeRest(state).events]
}
