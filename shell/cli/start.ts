/**
 * `npm start`: a master and two workers as child processes on loopback, made-up traffic, and the shell attached to them.
 * Without a terminal the same for ten intervals in plain lines, one `slice` of the state, and exit 0.
 */

import { connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import type { AccessLog, InputDStream, SnapshotDStream } from "../../engine/fluent/types.js"
import { startDemo } from "../demo/process.js"
import { formatNumber } from "../view/number.js"
import { sparkline } from "../view/sparkline.js"
import { localZone, userName } from "./attach.js"
import { positiveInteger } from "./options.js"

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
    await shell(undefined, {
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
  const cluster = await startEmbedded({ workers, cores: 1 })
  const demo = startDemo(cluster.address)
  const session = await connect(cluster.address, { user: userName(), program: userName(), tz: "UTC" })
  try {
    console.log(`embedded: 1 master, ${workers} workers on this machine; demo/views: made-up web traffic, 2 000 lines a second`)
    await demo.ready
    await session.streams()
    const views = session.stream<AccessLog>("demo/views") as InputDStream<AccessLog>
    const counts = views.map(v => [v.url, 1]).runningReduce((a, b) => a + b)
    session.name(counts, "counts")
    await session.flush()
    console.log("counts = views.map(v => [v.url, 1]).runningReduce((a, b) => a + b)")
    await intervals(counts as SnapshotDStream<unknown>, async n => {
      const { value, stamp } = await counts.latest().top(3).stamped()
      const top = value.map(([url, count]) => `${url} ${formatNumber(count)}`).join("   ")
      console.log(`${new Date(stamp.asOf).toISOString()}  ${top}`)
      return n >= plainIntervals
    })
    const series = await counts.slice("-10s").count()
    console.log(`counts.slice("-10s").count()  ${series.length} versions: ${series.first} → ${series.last}  ${sparkline(series.values())}`)
  } finally {
    await session.close()
    await demo.stop()
    await cluster.stop()
  }
  console.log(`times are UTC here, ${localZone()} in a shell; with a terminal npm start opens one`)

  function intervals(stream: SnapshotDStream<unknown>, each: (n: number) => Promise<boolean>): Promise<void> {
    return new Promise((resolve, reject) => {
      let n = 0
      const subscription = session.onCompleted(stream, async () => {
        try {
          if (n < plainIntervals && (await each(++n))) {
            await (await subscription).stop()
            resolve()
          }
        } catch (error) {
          reject(error)
        }
      })
      subscription.catch(reject)
    })
  }
}
