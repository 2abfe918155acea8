/** What the measured shell looks at: a log, then lines that keep coming, with a running count of its URLs. */
import { readFileSync } from "node:fs"
import { openSender } from "../../../cluster/client/send.js"
import { connect } from "../../../cluster/client/session.js"
import { pause } from "./process.js"

export interface Traffic {
  stop(): Promise<void>
}

const linesAtOnce = 1000
const tickMs = 100
const linesATick = 200

/** Defines `bench/views` and `bench/counts`; resolves when the log is sent, a thousand lines at a time so that it spans several intervals. */
export async function startTraffic(address: string, log: string | undefined): Promise<Traffic> {
  const session = await connect(address, { user: "bench", program: "bench", tz: "UTC" })
  const views = session.readStream("views", "1s", { format: "combined" })
  session.name(views, "views")
  session.name(
    views.map(v => [v.url, 1]).runningReduce((a, b) => a + b),
    "counts",
  )
  await session.flush()
  const sender = await openSender(session, "views", { wait: true })
  const lines =
    log === undefined
      ? madeUp()
      : readFileSync(log, "utf8")
          .split("\n")
          .filter(line => line !== "")
  const send = async (some: readonly string[]) => {
    await sender.write(Buffer.from(`${some.join("\n")}\n`))
    await sender.flush()
  }
  for (let at = 0; at < lines.length; at += linesAtOnce) {
    await send(lines.slice(at, at + linesAtOnce))
    await pause(300)
  }
  let going = true
  const goesOn = (async () => {
    for (let at = 0; going; at = (at + linesATick) % (lines.length - linesATick)) {
      await Promise.all([send(lines.slice(at, at + linesATick)), pause(tickMs)])
    }
  })()
  return {
    stop: async () => {
      going = false
      await goesOn
      await sender.close()
      await session.close()
    },
  }
}

function madeUp(): string[] {
  return Array.from({ length: 10_000 }, (_, i) => {
    const url = i % 12 === 0 ? "/favicon.ico" : `/page/${(i * 7919) % 1500}`
    return `192.0.2.${i % 250} - - [17/May/2015:10:05:03 +0000] "GET ${url} HTTP/1.1" 200 ${i} "-" "made up"`
  })
}
