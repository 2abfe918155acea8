/** A kernel's five sockets, as its connection file says: requests and control by Routers, what is published by a Publisher, a heartbeat that echoes. */
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { Publisher, Reply, Router } from "zeromq"
import { SendQueue } from "../../cluster/transport/send-queue.js"
import { RivuletError } from "../../engine/errors.js"
import type { KernelOutput } from "./kernel.js"
import { type Header, type Message, Wire } from "./wire.js"

export interface ConnectionFile {
  readonly transport: string
  readonly ip: string
  readonly key: string
  readonly shell_port: number
  readonly control_port: number
  readonly iopub_port: number
  readonly stdin_port: number
  readonly hb_port: number
}

/** RivuletError of code 2 for a file that is none. */
export function readConnectionFile(path: string): ConnectionFile {
  const wrong = (why: string) => new RivuletError(`${path} is no connection file: ${why}`, { code: 2, try: "rivulet kernel install" })
  let file: Partial<ConnectionFile>
  try {
    file = JSON.parse(readFileSync(path, "utf8"))
  } catch (error) {
    throw wrong((error as Error).message)
  }
  const { transport = "tcp", ip = "127.0.0.1", key = "" } = file
  for (const port of ["shell_port", "control_port", "iopub_port", "stdin_port", "hb_port"] as const)
    if (!Number.isInteger(file[port])) throw wrong(`it has no ${port}`)
  return { ...(file as ConnectionFile), transport, ip, key }
}

/** Bytes that may wait for a page that does not read: older output is then worth less than a process that lives. */
const waitingBytes = 64 * 1024 * 1024

export class KernelSockets implements KernelOutput {
  private readonly wire: Wire
  private readonly session = randomUUID()
  private readonly shell = new Router({ linger: 500 })
  private readonly control = new Router({ linger: 500 })
  private readonly stdin = new Router({ linger: 0 })
  private readonly iopub = new Publisher({ linger: 500 })
  private readonly heart = new Reply({ linger: 0 })
  private readonly published = new SendQueue(this.iopub, waitingBytes, () => {})
  private readonly queues = new Map<Router, SendQueue>()
  /** Where a request came from. */
  private readonly from = new WeakMap<Message, Router>()

  private constructor(private readonly file: ConnectionFile) {
    this.wire = new Wire(file.key)
    for (const socket of [this.shell, this.control]) this.queues.set(socket, new SendQueue(socket, waitingBytes, () => {}))
  }

  static async open(file: ConnectionFile): Promise<KernelSockets> {
    const sockets = new KernelSockets(file)
    await sockets.bind()
    return sockets
  }

  private async bind(): Promise<void> {
    const { transport, ip, ...ports } = this.file
    const address = (port: number) => (transport === "ipc" ? `ipc://${ip}-${port}` : `${transport}://${ip}:${port}`)
    await Promise.all([
      this.shell.bind(address(ports.shell_port)),
      this.control.bind(address(ports.control_port)),
      this.stdin.bind(address(ports.stdin_port)),
      this.iopub.bind(address(ports.iopub_port)),
      this.heart.bind(address(ports.hb_port)),
    ])
  }

  /** Receives until the sockets are closed. */
  async listen(onShell: (message: Message) => void, onControl: (message: Message) => void): Promise<void> {
    await Promise.all([this.receive(this.shell, onShell), this.receive(this.control, onControl), this.beat()])
  }

  private async receive(socket: Router, take: (message: Message) => void): Promise<void> {
    for await (const frames of socket) {
      const message = this.wire.read(frames)
      if (message === null) continue
      this.from.set(message, socket)
      take(message)
    }
  }

  private async beat(): Promise<void> {
    for await (const frames of this.heart) await this.heart.send(frames)
  }

  reply(request: Message, type: string, content: Readonly<Record<string, unknown>>): void {
    const queue = this.queues.get(this.from.get(request) ?? this.shell)!
    queue.push(this.wire.write(this.message(request.identities, type, content, request.header)))
  }

  publish(type: string, content: Readonly<Record<string, unknown>>, parent: Header | Record<string, never>): void {
    this.published.push(this.wire.write(this.message([Buffer.from(type)], type, content, parent)))
  }

  private message(
    identities: readonly Buffer[],
    type: string,
    content: Readonly<Record<string, unknown>>,
    parent: Message["parent"],
  ): Message {
    const date = new Date().toISOString()
    const header = { msg_id: randomUUID(), msg_type: type, session: this.session, username: "rivulet", date, version: "5.3" }
    return { identities, header, parent, metadata: {}, content }
  }

  /** When what was said has gone out. */
  async close(): Promise<void> {
    await Promise.all([this.published.drained(), ...[...this.queues.values()].map(queue => queue.drained())])
    for (const socket of [this.shell, this.control, this.stdin, this.iopub, this.heart]) socket.close()
  }
}
