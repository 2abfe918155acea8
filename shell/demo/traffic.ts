/**
 * Made-up web traffic in the combined log format, the same for the same seed: Zipf-distributed pages and addresses, a
 * steady rate, and every `burstEveryS` seconds a burst of searches from one address. Marked as synthetic: all addresses
 * are of the ranges reserved for documentation (RFC 5737).
 */

export interface TrafficOptions {
  readonly seed: number
  readonly linesPerSecond: number
  readonly burstEveryS: number
  readonly burstLengthS: number
}

export const demoTraffic: TrafficOptions = { seed: 7, linesPerSecond: 2000, burstEveryS: 90, burstLengthS: 10 }

const pages = [
  "/",
  "/products",
  "/search?q=river",
  "/cart",
  "/favicon.ico",
  "/style.css",
  "/about",
  "/login",
  "/cart/add",
  "/checkout",
  ...Array.from({ length: 90 }, (_, i) => `/products/${i + 1}`),
  ...Array.from({ length: 100 }, (_, i) => `/articles/${2015 + (i % 11)}/${i + 1}`),
]
const agents = [
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
  "curl/8.9.1",
]
const referrers = ["-", "https://example.com/", "https://example.org/news", "https://example.net/links"]
const attacker = "203.0.113.9"
const attackerAgent = "python-requests/2.31"
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** All lines of one second (`second` counts from the Unix epoch, which is also where the burst's rhythm starts). */
export function linesOfSecond(second: number, options: TrafficOptions): string[] {
  const random = mulberry32(options.seed ^ Math.imul(second | 0, 0x9e3779b1))
  const burst = second % options.burstEveryS < options.burstLengthS
  const lines: string[] = []
  const stamp = logTime(second)
  for (let i = 0; i < options.linesPerSecond; i++) lines.push(visit(random, stamp))
  if (burst) for (let i = 0; i < options.linesPerSecond; i++) lines.push(abuse(i, stamp))
  return lines
}

function visit(random: () => number, stamp: string): string {
  const page = pages[zipf(random, pages.length)]!
  const host = zipf(random, 4000)
  const address = `198.51.100.${host % 256}`
  const ip = host < 256 ? address : `192.0.2.${host % 256}`
  const chance = random()
  const status = chance < 0.93 ? 200 : chance < 0.96 ? 304 : chance < 0.99 ? 404 : 500
  const bytes = status === 304 ? "-" : String(200 + Math.floor(random() * 40_000))
  const agent = agents[Math.floor(random() * agents.length)]!
  const referrer = referrers[Math.floor(random() * referrers.length)]!
  const method = page === "/cart/add" || page === "/login" ? "POST" : "GET"
  return `${ip} - - [${stamp}] "${method} ${page} HTTP/1.1" ${status} ${bytes} "${referrer}" "${agent}"`
}

function abuse(i: number, stamp: string): string {
  const query = String.fromCharCode(97 + (i % 26)) + String.fromCharCode(97 + (Math.floor(i / 26) % 26))
  return `${attacker} - - [${stamp}] "GET /search?q=${query} HTTP/1.1" 200 ${5000 + (i % 300)} "-" "${attackerAgent}"`
}

/** Rank 0 is the most frequent; P(rank) ∝ 1 / (rank + 1), by inverting the continuous distribution. */
function zipf(random: () => number, n: number): number {
  return Math.min(n - 1, Math.floor((n + 1) ** random()) - 1)
}

function logTime(second: number): string {
  const date = new Date(second * 1000)
  const two = (n: number) => String(n).padStart(2, "0")
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
}

function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
