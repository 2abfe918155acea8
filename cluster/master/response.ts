/** Errors as responses: what a request came to is always said. */

import { RivuletError } from "../../engine/errors.js"
import type { Response } from "../protocol.js"
import { LackingAssets } from "./lacking-assets.js"

export function ok(value: unknown = null): Response {
  return { ok: true, value }
}

export function failed(error: unknown): Response {
  if (error instanceof RivuletError) {
    const { message, code } = error
    const lacking = error instanceof LackingAssets ? { lacking: error.hashes } : {}
    return { ok: false, message, code, ...(error.try === undefined ? {} : { try: error.try }), ...lacking }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { ok: false, message: `the master could not do that: ${message}`, code: 1, try: "report this, with what you asked" }
}
