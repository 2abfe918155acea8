/** The benchmark's access log: lines of the combined format of 237 bytes (and a newline), URLs Zipf-like, a server error in twenty. Made from a seed. */

import { random } from "../../engine/random.js"

export const logLineBytes = 238
const urls = 2_000
const agents = [
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.77 Safari/537.36",
  "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:27.0) Gecko/20100101 Firefox/27.0",
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26 (KHTML, like Gecko) Version/6.0 Mobile/10A5376e Safari/8536.25",
]
const statuses = [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 304, 304, 301, 206, 404, 500]
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")
const two = (n: number) => String(n).padStart(2, "0")

/** How many of the lines are server errors. */
export const errorsIn = (lines: readonly string[]): number => lines.filter(line => line.includes('" 500 ')).length

/** `perSecond` lines have the same second; the first is of `startMs`. */
export function logLines(lines: number, { perSecond = 1_000, startMs = Date.UTC(2015, 4, 17, 10, 5), seed = "log" } = {}): string[] {
  const next = random(seed)
  const url = Array.from(
    { length: urls },
    (_, i) => `/${["blog", "images", "presentations/talk", "projects"][i % 4]}/page-${i.toString(36)}${".html?v=2014".slice(0, i % 13)}`,
  )
  const pick = <T>(of: readonly T[]) => of[Math.floor(next() * of.length)]!
  return Array.from({ length: lines }, (_, i) => {
    const at = new Date(startMs + Math.floor(i / perSecond) * 1_000)
    const date = `${two(at.getUTCDate())}/${months[at.getUTCMonth()]}/${at.getUTCFullYear()}`
    const time = `${date}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`
    const asked = url[Math.min(urls - 1, Math.floor(urls ** next()) - 1)]!
    const from = `http://semicomplete.com${pick(url)}`
    const line = `${1 + (i % 223)}.149.9.${i % 251} - - [${time}] "GET ${asked} HTTP/1.1" ${pick(statuses)} ${Math.floor(next() * 200_000)} "${from}" "${pick(agents)}"`
    return `${line
      .slice(0, -1)
      .padEnd(logLineBytes - 2)
      .slice(0, logLineBytes - 2)}"`
  })
}
