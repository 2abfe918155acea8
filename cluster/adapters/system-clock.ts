/** The real clocks. Everything that decides gets its time from here, inside events. */

import { performance } from "node:perf_hooks"
import type { Now } from "../ports.js"

export function systemNow(): Now {
  return { monotonicMs: performance.now(), wallMs: Date.now() }
}
