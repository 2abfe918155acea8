/** Entry of the traffic process; its parent tells it the master's address. Sends a tenth of a second's lines at a time. */

import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import { demoTraffic, linesOfSecond } from "./traffic.js"

if (process.send === undefined) process.exit(2)
const told = new Promise<string>(resolve => process.once("message", message => resolve((message as { readonly master: string }).master)))
process.on("disconnect", () => process.exit(0))
process.on("SIGTERM", () => process.exit(0))
// Ctrl-C reaches the whole process group: the shell decides, not we.
process.on("SIGINT", () => {})
process.on("SIGHUP", () => {})

const session = await connect(await told, { user: "demo", program: "demo", tz: "UTC" })
const views = session.readStream("views", "1s", { format: "combined" })
session.name(views, "views")
await session.flush()
await session.release()
const sender = await openSender(session, "views", { wait: true })

let second = Math.floor(Date.now() / 1000)
let lines = linesOfSecond(second, demoTraffic)
let sent = 0
let begun = false

async function step(): Promise<void> {
  const now = Date.now()
  const current = Math.floor(now / 1000)
  if (current !== second) {
    await flush(lines.length)
    second = current
    lines = linesOfSecond(second, demoTraffic)
    sent = 0
  }
  await flush(Math.floor((lines.length * (now % 1000)) / 1000))
  if (!begun && sender.counters().acked > 0) {
    begun = true
    process.send?.("ready")
  }
  setTimeout(() => void step(), 100 - (Date.now() % 100))
}

async function flush(upTo: number): Promise<void> {
  if (upTo <= sent) return
  await sender.write(Buffer.from(`${lines.slice(sent, upTo).join("\n")}\n`))
  await sender.flush()
  sent = upTo
}

await step()
