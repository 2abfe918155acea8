/** A Jupyter client as small as one can be: starts a kernel's process, asks it over its sockets, and gives what it published for each request. */
import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Dealer, Request, Subscriber } from "zeromq"
import { freePort } from "../../../scripts/free-port.js"
import { moduleArguments, root } from "../../../scripts/places.js"
import { type Message, Wire } from "../../../shell/kernel/wire.js"

const key = "a key"

export interface Answered {
  /** The reply's content. */
  readonly reply: Message["content"]
  /** What was published for the request, in order, `status` left out. */
  readonly published: readonly Message[]
}

export class KernelClient {
  readonly process: ChildProcess
  private readonly wire = new Wire(key)
  private readonly shell = new Dealer({ linger: 0 })
  private readonly control = new Dealer({ linger: 0 })
  private readonly iopub = new Subscriber({ linger: 0 })
  private readonly heart = new Request({ linger: 0 })
  private readonly session = randomUUID()
  private readonly messages: Message[] = []
  private readonly replies = new Map<string, Message>()
  private listeners: (() => void)[] = []
  /** What the process said. */
  said = ""

  private constructor(
    ports: readonly number[],
    private readonly directory: string,
    args: readonly string[],
  ) {
    const [shell, control, iopub, stdin, heart] = ports
    const file = join(directory, "connection.json")
    const connection = { transport: "tcp", ip: "127.0.0.1", key, signature_scheme: "hmac-sha256" }
    const named = { shell_port: shell, control_port: control, iopub_port: iopub, stdin_port: stdin, hb_port: heart }
    writeFileSync(file, JSON.stringify({ ...connection, ...named }))
    const address = (port: number) => `tcp://127.0.0.1:${port}`
    this.shell.connect(address(shell!))
    this.control.connect(address(control!))
    this.iopub.connect(address(iopub!))
    this.iopub.subscribe()
    this.heart.connect(address(heart!))
    this.process = spawn(process.execPath, [...moduleArguments("shell/cli/main"), "kernel", "run", file, ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    })
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.on("data", chunk => {
        this.said += String(chunk)
      })
    this.process.once("exit", code => {
      if (code !== null && code !== 0) throw new Error(`the kernel ended with ${code}: ${this.said}`)
    })
    void this.receive(this.shell)
    void this.receive(this.control)
    void this.receive(this.iopub)
  }

  /** Resolves when the kernel has answered and what it publishes arrives. */
  static async start(...args: string[]): Promise<KernelClient> {
    const ports = await Promise.all(Array.from({ length: 5 }, freePort))
    const client = new KernelClient(ports, mkdtempSync(join(tmpdir(), "rivulet-kernel-")), args)
    // A subscription takes its time: until one's own busy and idle are heard, what is published may pass by.
    while (!(await client.heard())) {}
    return client
  }

  private async heard(): Promise<boolean> {
    const id = this.send(this.shell, "kernel_info_request", {})
    await this.until(() => this.replies.has(id))
    this.send(this.shell, "kernel_info_request", {})
    return this.messages.some(({ parent }) => (parent as { msg_id?: string }).msg_id === id)
  }

  private async receive(socket: Dealer | Subscriber): Promise<void> {
    for await (const frames of socket) {
      const message = this.wire.read(frames)
      if (message === null) throw new Error("a message that is not signed")
      if (socket === this.iopub) this.messages.push(message)
      else this.replies.set((message.parent as { msg_id: string }).msg_id, message)
      for (const listener of this.listeners.splice(0)) listener()
    }
  }

  /** Looks again whenever a message has come. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>(resolve => this.listeners.push(resolve))
  }

  private send(socket: Dealer, type: string, content: object, date = new Date()): string {
    const id = randomUUID()
    const header = { msg_id: id, msg_type: type, session: this.session, username: "test", date: date.toISOString(), version: "5.3" }
    void socket.send(this.wire.write({ identities: [], header, parent: {}, metadata: {}, content: { ...content } }))
    return id
  }

  /** Sends frames as they are. */
  async raw(frames: readonly Buffer[]): Promise<void> {
    await this.shell.send([...frames])
  }

  /** `date`: when it was sent, as it says. */
  begin(type: string, content: object = {}, date = new Date()): { readonly id: string; readonly answered: Promise<Answered> } {
    const id = this.send(this.shell, type, content, date)
    return { id, answered: this.answered(id) }
  }

  private async answered(id: string): Promise<Answered> {
    const idle = ({ header, content, parent }: Message) =>
      header.msg_type === "status" && content.execution_state === "idle" && (parent as { msg_id?: string }).msg_id === id
    await this.until(() => this.replies.has(id) && this.messages.some(idle))
    return { reply: this.replies.get(id)!.content, published: this.of(id).filter(({ header }) => header.msg_type !== "status") }
  }

  /** What was published for a request so far. */
  of(id: string): Message[] {
    return this.messages.filter(({ parent }) => (parent as { msg_id?: string }).msg_id === id)
  }

  ask(type: string, content: object = {}): Promise<Answered> {
    return this.begin(type, content).answered
  }

  execute(code: string): Promise<Answered> {
    return this.ask("execute_request", { code, silent: false, store_history: true, stop_on_error: true })
  }

  onControl(type: string, content: object = {}): Promise<Answered> {
    return this.answered(this.send(this.control, type, content))
  }

  async beat(): Promise<string> {
    await this.heart.send("alive?")
    const [frame] = await this.heart.receive()
    return String(frame)
  }

  async close(): Promise<void> {
    if (this.process.exitCode === null) this.process.kill("SIGKILL")
    for (const socket of [this.shell, this.control, this.iopub, this.heart]) socket.close()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
