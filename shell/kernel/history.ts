/** The cells that a kernel was sent, for a page's arrow keys and searches. */
import type { Content } from "./replies.js"

const kept = 5_000

export class KernelHistory {
  private readonly inputs: { readonly count: number; readonly code: string }[] = []

  add(count: number, code: string): void {
    this.inputs.push({ count, code })
    if (this.inputs.length > kept) this.inputs.shift()
  }

  /** What `history_request` asks: a range of counts, the last ones, or those that a pattern finds. */
  answer({ hist_access_type, n, start, stop, pattern, output, unique }: Content): Content {
    const most = typeof n === "number" ? n : kept
    const matching = pattern === undefined || pattern === null ? /(?:)/ : globPattern(String(pattern))
    const last = new Map(this.inputs.map(({ count, code }) => [code, count]))
    const newest = ({ count, code }: { count: number; code: string }) => unique !== true || last.get(code) === count
    const chosen =
      hist_access_type === "range"
        ? this.inputs.filter(({ count }) => count >= Number(start ?? 0) && count < (typeof stop === "number" && stop > 0 ? stop : Infinity))
        : this.inputs
            .filter(({ code }) => hist_access_type !== "search" || matching.test(code))
            .filter(newest)
            .slice(-most)
    return { status: "ok", history: chosen.map(({ count, code }) => [0, count, output === true ? [code, null] : code]) }
  }
}

/** `*` and `?` stand for any text and any character. */
function globPattern(pattern: string): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[\\s\\S]*")
    .replaceAll("?", "[\\s\\S]")
  return new RegExp(`^${escaped}$`)
}
