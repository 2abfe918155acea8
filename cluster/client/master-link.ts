/**
 * The client's connection to its master, pure: says hello until it is welcomed, and again whenever nothing has been heard for a
 * while (an idle client must notice a restarted master too, or its subscriptions would be forgotten). Of several addresses
 * one after the other is tried.
 *
 *     new ──start──▶ knocking ──welcome──▶ connected ──lost, silence──▶ knocking …     any ──refused──▶ refused
 */

import { MasterAddresses } from "../master-addresses.js"
import type { Command, NodeId, Now } from "../ports.js"
import type { Message } from "../protocol.js"

export interface MasterLinkConfig {
  /** `tcp://host:port`; of several masters with commas between them. */
  readonly address: string
  readonly user: string
  /** Rivulet's and Node's: the master refuses what does not fit. */
  readonly version: string
  readonly runtime: string
  /** It asks, and changes nothing. */
  readonly readOnly?: boolean
  readonly helloMs: number
  readonly silenceMs: number
}

export const masterName = "master"

export class MasterLink {
  readonly #config: MasterLinkConfig
  readonly #sessions: () => readonly string[]
  readonly #addresses: MasterAddresses
  #state: "new" | "knocking" | "connected" | "refused" = "new"
  #node: NodeId = masterName
  #helloAtMs = 0
  #heardAtMs = 0

  /** `sessions`: those that are open. */
  constructor(config: MasterLinkConfig, sessions: () => readonly string[]) {
    this.#config = config
    this.#sessions = sessions
    this.#addresses = new MasterAddresses(config.address)
  }

  get connected(): boolean {
    return this.#state === "connected"
  }

  /** For people: all addresses. */
  get address(): string {
    return `${this.#addresses}`
  }

  get addresses(): number {
    return this.#addresses.count
  }

  /** Whether the node is the master that this link has or had. */
  is(node: NodeId): boolean {
    return node === masterName || node === this.#node
  }

  start(now: Now): Command[] {
    if (this.#state !== "new") return []
    this.#state = "knocking"
    this.#addresses.trying(now.monotonicMs)
    return this.#knock(now)
  }

  /** A connection with the master stands, or could not be made. */
  connection(stands: boolean): void {
    if (stands) this.#addresses.reached()
    else this.#addresses.broke()
  }

  /** `lost`: the master has just gone silent. */
  tick(now: Now): { commands: Command[]; lost: boolean } {
    if (this.#state === "new" || this.#state === "refused") return { commands: [], lost: false }
    const lost = this.connected && now.monotonicMs - this.#heardAtMs > this.#config.silenceMs
    if (lost) {
      this.#state = "knocking"
      this.#addresses.trying(now.monotonicMs)
    }
    // The hello that waits for a connection goes to whoever is reached first.
    const turned = !this.connected && this.#addresses.turn(now.monotonicMs, this.#config.helloMs)
    const idleMs = now.monotonicMs - Math.max(this.#helloAtMs, this.connected ? this.#heardAtMs : 0)
    return { commands: idleMs >= this.#config.helloMs ? this.#knock(now) : turned ? [this.#connect()] : [], lost }
  }

  /** `fresh`: it was not connected, or to another incarnation: everything must be asked again. */
  welcomed(from: NodeId, now: Now): { fresh: boolean } {
    const fresh = !this.connected || from !== this.#node
    this.#state = "connected"
    this.#node = from
    this.#heardAtMs = now.monotonicMs
    return { fresh }
  }

  refused(): void {
    this.#state = "refused"
  }

  /** This node itself did not run for so long. */
  excuse(ms: number): void {
    this.#heardAtMs += ms
  }

  heard(now: Now): void {
    this.#heardAtMs = now.monotonicMs
  }

  lost(now: Now): Command[] {
    if (this.#state === "new" || this.#state === "refused") return []
    const was = this.#state
    this.#state = "knocking"
    if (was === "connected") this.#addresses.trying(now.monotonicMs)
    // The channel says at once that it is over; a second knock at once finds a restarted master, then at the usual pace.
    return was === "connected" ? this.#knock(now) : []
  }

  /** The sessions that are open have changed. */
  changed(now: Now): Command[] {
    return this.connected ? this.#knock(now) : []
  }

  #knock(now: Now): Command[] {
    this.#helloAtMs = now.monotonicMs
    const { user, version, runtime, readOnly } = this.#config
    const sessions = this.#sessions()
    const message: Message = { kind: "hello", role: "client", user, version, runtime, sessions, ...(readOnly && { readOnly }) }
    return [this.#connect(), { kind: "send", to: masterName, message }]
  }

  #connect(): Command {
    return { kind: "connect", to: masterName, address: this.#addresses.current }
  }
}
