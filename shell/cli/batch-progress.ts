/** How far batch mode has come, on stderr: a bar on a terminal, elsewhere a line every ten seconds. */

import type { CatalogEntry } from "../../cluster/protocol.js"
import { formatBytes, formatNumber } from "../view/number.js"
import { asideLines } from "./aside-lines.js"

const barCells = 24
const firstMs = 500
const linesEveryMs = 10_000

/** Of all inputs together: the part that has been read, and how far the slowest stream has come. */
export function progressText(entries: readonly CatalogEntry[], bar: boolean): string | null {
  let done = 0
  let of = 0
  for (const { read } of entries) {
    if (read === undefined) continue
    done += read.doneBytes
    of += read.bytes
  }
  if (of === 0) return null
  const inputs = entries.filter(entry => entry.read !== undefined)
  const running = entries.filter(entry => entry.definition.node.kind !== "input" && entry.state !== "on demand")
  const throughMs = Math.min(...(running.length > 0 ? running : inputs).map(entry => entry.throughMs))
  const share = done / of
  const full = Math.round(share * barCells)
  const drawn = bar ? `${"█".repeat(full)}${"░".repeat(barCells - full)} ` : ""
  const at = throughMs > 0 ? ` · at ${new Date(throughMs).toISOString().slice(0, 19)}Z` : ""
  const aside = asideLines(entries)
  return `${drawn}${Math.floor(share * 100)} % of ${formatBytes(of)}${at}${aside > 0 ? ` · ${formatNumber(aside)} set aside` : ""}`
}

/** A line or a bar whenever there is something new to say, and not too often. */
export function showProgress(): { show(entries: readonly CatalogEntry[]): void; stop(): void } {
  const isTty = process.stderr.isTTY === true
  const everyMs = isTty ? firstMs : linesEveryMs
  let shown = ""
  let shownMs = performance.now()
  return {
    show: entries => {
      if (performance.now() - shownMs < everyMs) return
      const text = progressText(entries, isTty)
      if (text === null || text === shown) return
      shown = text
      shownMs = performance.now()
      process.stderr.write(isTty ? `\r\x1b[K${text}` : `${text}\n`)
    },
    stop: () => {
      if (isTty && shown !== "") process.stderr.write("\r\x1b[K")
    },
  }
}
