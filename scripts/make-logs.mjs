/**
 * Access logs of several machines, the same for the same arguments: gzipped files in which time goes on, all of the same hours.
 *
 *   node scripts/make-logs.mjs <directory> [--mb 2000] [--files 4] [--hours 48] [--seed 1] [--plain]
 *
 * `--mb`: what the files unpack to, together.
 */
import { createWriteStream, mkdirSync } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { parseArgs } from "node:util"
import { createGzip } from "node:zlib"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mb: { type: "string", default: "2000" },
    files: { type: "string", default: "4" },
    hours: { type: "string", default: "48" },
    seed: { type: "string", default: "1" },
    plain: { type: "boolean", default: false },
  },
})
const [directory] = positionals
if (directory === undefined) throw new Error("where to? node scripts/make-logs.mjs <directory>")
const [mb, files, hours, seed] = [values.mb, values.files, values.hours, values.seed].map(Number)
const startMs = Date.UTC(2026, 10, 1)
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")
const agents = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "curl/8.9.1",
  "Googlebot/2.1 (+http://www.google.com/bot.html)",
]
const urls = Array.from({ length: 20_000 }, (_, n) =>
  n % 3 === 0 ? `/products/${n}` : n % 3 === 1 ? `/search?q=word${n}` : `/static/app-${n}.js`,
)

function* lines(machine) {
  let state = (seed * 7_919 + machine * 104_729) >>> 0
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
  const bytes = (mb * 1_000_000) / files
  const aboutLine = 165
  const stepMs = (hours * 3_600_000) / (bytes / aboutLine)
  let made = 0
  let text = ""
  let second = -1
  let stamp = ""
  for (let n = 0; made < bytes; n++) {
    const at = startMs + n * stepMs - random() * 2_000
    const now = Math.floor(at / 1000)
    if (now !== second) {
      second = now
      const date = new Date(now * 1000)
      const two = value => String(value).padStart(2, "0")
      stamp = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${date.toISOString().slice(11, 19)} +0000`
    }
    const url = urls[Math.floor(urls.length ** random()) - 1]
    const status = random() < 0.02 ? 500 : 200
    const line = `10.${machine}.${Math.floor(random() * 256)}.${Math.floor(random() * 256)} - - [${stamp}] "GET ${url} HTTP/1.1" ${status} ${Math.floor(random() * 20_000)} "-" "${agents[n % 3]}"\n`
    made += line.length
    text += line
    if (text.length > 1 << 16) {
      yield text
      text = ""
    }
  }
  yield text
}

mkdirSync(directory, { recursive: true })
for (let machine = 1; machine <= files; machine++) {
  const out = createWriteStream(join(directory, `access-${machine}.log${values.plain ? "" : ".gz"}`))
  if (values.plain) await pipeline(lines(machine), out)
  else await pipeline(lines(machine), createGzip({ level: 1 }), out)
}
