/** `rivulet kernel run <connection file>`: what Jupyter starts. Attaches to a running master, or runs a cluster of its own that ends with it. */
import { openCalls } from "../../cluster/client/connect.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import { rivuletVersion } from "../../cluster/version.js"
import { doChaos } from "../host/chaos.js"
import type { HostEvent, HostPort } from "../host/port.js"
import { RemoteHost } from "../host/remote.js"
import { Kernel, type KernelOptions } from "./kernel.js"
import { KernelSockets, readConnectionFile } from "./sockets.js"

export interface KernelRunOptions {
  /** Its address. Absent: a cluster of its own. */
  readonly master?: string
  readonly workers: number
  readonly tz: string
  readonly user: string
  /** How long the master may take to answer before a cell says that it does not. */
  readonly connectTimeoutMs: number
}

/** As wide as a page's text usually is. */
const columns = 100
const parentLookMs = 1_000

/** Resolves when Jupyter has asked the kernel to end, or has itself ended. */
export async function runKernel(file: string, options: KernelRunOptions): Promise<void> {
  const sockets = await KernelSockets.open(readConnectionFile(file))
  const cluster = new Cluster(options)
  let end: () => void = () => {}
  const ended = new Promise<void>(resolve => {
    end = resolve
  })
  const kernel: Kernel = new Kernel({
    version: rivuletVersion,
    host: emit => cluster.open(emit, why => kernel.lost(why)),
    output: sockets,
    monotonicMs: () => performance.now(),
    chaos: (order, print) => void cluster.chaos(order, print),
    onShutdown: end,
  })
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, end)
  // Jupyter interrupts by a message; a Ctrl-C in the terminal where it runs is meant for it.
  process.on("SIGINT", () => {})
  // A page server that was killed tells nobody.
  const parent = process.ppid
  const look = setInterval(() => {
    if (process.ppid !== parent) end()
  }, parentLookMs)
  kernel.warm()
  const listening = sockets.listen(
    message => kernel.onShell(message),
    message => kernel.onControl(message),
  )
  await Promise.race([ended, listening])
  clearInterval(look)
  await kernel.close()
  await cluster.close()
  await sockets.close()
}

/** The way to the cluster, and the thread of the cells: a new one when a cell has ended it. */
class Cluster {
  private embedded: Promise<Embedded> | null = null
  private calls: Awaited<ReturnType<typeof openCalls>> | null = null

  constructor(private readonly options: KernelRunOptions) {}

  async open(emit: (event: HostEvent) => void, onDied: (why: string) => void): Promise<HostPort> {
    const { user, tz, connectTimeoutMs: timeoutMs } = this.options
    const host = RemoteHost.launch()
    try {
      this.calls ??= await openCalls(await this.address(), { user })
      await this.calls.call({ kind: "connect", timeoutMs })
      host.emit = emit
      await host.open(this.calls, { user, tz, columns, embedded: this.embedded !== null, rich: true })
      host.onDied = onDied
      return host
    } catch (error) {
      await host.close()
      throw error
    }
  }

  async chaos(...[order, print]: Parameters<KernelOptions["chaos"]>): Promise<void> {
    doChaos((await this.embedded) ?? undefined, order, print)
  }

  private async address(): Promise<string> {
    if (this.options.master !== undefined) return this.options.master
    this.embedded ??= startEmbedded({ workers: this.options.workers })
    return (await this.embedded).address
  }

  async close(): Promise<void> {
    await this.calls?.close()
    await (await this.embedded)?.stop()
  }
}
