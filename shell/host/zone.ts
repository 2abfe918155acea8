import { RivuletError } from "../../engine/errors.js"
import { timeZone } from "../../engine/time-zone.js"

/** RivuletError 2 for what is no time zone. `asked`: how it was said, before its name. */
export function checkZone(zone: string, asked: string): void {
  try {
    timeZone(zone)
  } catch {
    throw new RivuletError(`${asked} ${zone}: no such time zone`, { code: 2, try: `${asked} Europe/Berlin` })
  }
}
