/**
 * `npm start`: a master and two workers as child processes on loopback, made-up traffic, and the shell attached to them.
 * Without a terminal the same for ten intervals in plain lines, one `slice` of the state, and exit 0.
 */

import { type ClientSession, connect } from "../../cluster/client/session.js"
import type { AccessLog, InputDStream, SnapshotDStream } from "../../engine/fluent/types.js"
import { formatNumber } from "../view/number.js"
import { sparkline } from "../view/sparkline.js"
import { localZone, userName } from "./attach.js"
import { Ending } from "./ending.js"
import { positiveInteger } from "./options.js"
import { startOwn } from "./shell.js"

export interface StartOptions {
  readonly workers: string
  readonly plain?: boolean
  readonly tz?: string
}

const plainIntervals = 10

export async function start(options: StartOptions): Promise<void> {
  const workers = positiveInteger(options.workers, "--workers", 16)
  if (process.stdin.isTTY && process.stdout.isTTY) {
    const { shell } = await import("./shell.js")
    await shell([], {
      local: String(workers),
      demo: true,
      ...(options.plain ? { plain: true } : {}),
      ...(options.tz ? { tz: options.tz } : {}),
    })
    return
  }
  await plainRun(workers)
}

async function plainRun(workers: number): Promise<void> {
  const ending = new Ending()
  try {
    const { cluster, demo } = await startOwn(workers, true, ending)
    const session = await connect(cluster.address, { user: userName(), program: userName(), tz: "UTC" })
    ending.add(() => session.close())
    console.log(`embedded: 1 master, ${workers} workers on this machine; demo/views: made-up web traffic, 2 000 lines a second`)
    await demo?.ready
    await session.streams()
    const views = session.stream<AccessLog>("demo/views") as InputDStream<AccessLog>
    const counts = views.map(v => [v.url, 1]).runningReduce((a, b) => a + b)
    session.name(counts, "counts")
    await session.flush()
    console.log("counts = views.map(v => [v.url, 1]).runningReduce((a, b) => a + b)")
    let shown = 0
    await intervals(session, counts as SnapshotDStream<unknown>, async () => {
      const { value, stamp } = await counts.latest().top(3).stamped()
      if (value.length === 0) return false
      const top = value.map(([url, count]) => `${url} ${formatNumber(count)}`).join("   ")
      console.log(`${new Date(stamp.asOf).toISOString()}  ${top}`)
      return ++shown >= plainIntervals
    })
    const series = await counts.slice("-10s").count()
    console.log(`counts.slice("-10s").count()  ${series.length} versions: ${series.first} → ${series.last}  ${sparkline(series.values())}`)
  } finally {
    await ending.run()
  }
  console.log(`times are UTC here, ${localZone()} in a shell; with a terminal npm start opens one`)
}

/** Calls back at every finished interval until it is told true. */
function intervals(session: ClientSession, stream: SnapshotDStream<unknown>, each: () => Promise<boolean>): Promise<void> {
  return new Promise((resolve, reject) => {
    let done = false
    const subscription = session.onCompleted(stream, async () => {
      if (done) return
      try {
        done = await each()
        if (!done) return
        await (await subscription).stop()
        resolve()
      } catch (error) {
        done = true
        reject(error)
      }
    })
    subscription.catch(reject)
  })
}
