/**
 * The transport of real processes, over ZeroMQ.
 *
 * A node that listens binds one Router; to reach a listening node a node opens one Dealer to it, whose routing id is its
 * own name (without the incarnation: which of them a frame is for, and from, stands in its envelope). Frames for a peer go
 * by the Dealer opened to it, if there is one: it belongs to one connection, so a break is noticed at once. Otherwise they
 * go by the Router, to whoever came last with that name.
 *
 *     client c-7                       master                       worker w1
 *       Dealer ────────────────▶ Router                              Router
 *         ◀─────────────────────── │  Dealer ───────────────────────▶  │
 *                                  │  Router ◀────────────────────── Dealer
 *
 * Who came to the Router and has gone again is found by its name, see `visitors.ts`; with which key it came, see `credentials.ts`.
 *
 * Nothing here is certain to arrive: frames for a peer that is unknown, not connected or too far behind are dropped, and
 * the channel above sends again. What ZeroMQ would do silently is switched off: no high-water mark on the Router (it
 * drops there), `immediate` on Dealers (else frames pile up for a peer that is gone, and arrive old).
 */

import { performance } from "node:perf_hooks"
import type { Dealer, Router } from "zeromq"
import { type NodeId, nodeName, type Transport } from "../ports.js"
import { type Address, endpointOf, parseAddress } from "../security.js"
import type { CurveOptions } from "./curve.js"
import { openDealer } from "./dealer.js"
import { passed, turn } from "./message-memory.js"
import { type BoundRouter, bindRouter, type RouterEars } from "./router.js"
import { SendQueue } from "./send-queue.js"
import { closeSocket, messageOf } from "./socket.js"
import { Visitors } from "./visitors.js"

/** Bytes that may wait for one peer before newer frames are dropped. */
const maxQueuedBytes = 256 * 1024 * 1024
const nothing = new Uint8Array(0)
/** Two nodes of one name would take turns for ever: not too soon. */
const deafMs = 3_000
/** What the process or its machine has too many of, files, too, is given back in time; an address that is wrong stays so. */
const openAgainMs = 250
const tooMany: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"])
/** So that a last word (`bye`) leaves; sockets of dead peers delay the exit no longer than this. */
const lingerMs = 100

export interface ZeromqOptions {
  readonly node: NodeId
  /** Told about what is dropped or refused, at most once for each cause and peer. */
  readonly say?: (text: string) => void
  /** This node's keys: needed to reach an address that has a key. */
  readonly curve?: CurveOptions
  /** A listening node did not admit this one: why, and what to do. It is not tried again at once. */
  readonly onRefused?: (peer: NodeId, reason: string, attempt: string) => void
}

/** A bound address that waits for its node. */
export interface Listening {
  /** With the real port. */
  readonly address: string
  /** To be called once. */
  open(options: ZeromqOptions): ZeromqTransport
}

interface Link {
  /** As asked for last. */
  to: NodeId
  readonly address: string
  readonly dealer: Dealer
  readonly queue: SendQueue
  /** Frames wait while connecting for the first time; while down they are dropped. */
  state: "connecting" | "up" | "down"
  /** When the first frame was sent since it last said anything. */
  unansweredMs: number | null
  readonly openedMs: number
}

export class ZeromqTransport implements Transport {
  readonly node: NodeId
  /** Where others reach this node, with the real port. Null if it does not listen. */
  readonly address: string | null
  /** Frames that were not sent, or not understood. */
  dropped = 0

  /** By the peer's name. */
  private readonly links = new Map<string, Link>()
  /** By the peer's name: what cannot be opened for now, and is tried again. */
  private readonly unopened = new Map<string, { readonly to: NodeId; readonly timer: NodeJS.Timeout }>()
  private readonly visitors = new Visitors(id => {
    if (!this.links.has(this.bound!.callers.nameOf(id))) this.routerQueue?.push([Buffer.from(id), nothing])
  })
  private readonly router: Router | null
  private readonly routerQueue: SendQueue | null
  private received: Parameters<Transport["onReceived"]>[0] = () => {}
  private lost: (peer: NodeId) => void = () => {}
  private reached: (peer: NodeId) => void = () => {}
  private readonly said = new Set<string>()
  private closed = false

  private constructor(
    private readonly options: ZeromqOptions,
    private readonly bound: BoundRouter | null,
  ) {
    const router = bound?.router ?? null
    this.node = options.node
    this.address = bound?.address ?? null
    this.router = router
    this.routerQueue =
      router === null
        ? null
        : new SendQueue(
            router,
            maxQueuedBytes,
            (count, why) => this.drop(count, why),
            frames => this.notHere(frames[0]!),
          )
    if (router !== null) void this.receiveFrom(router, null)
  }

  /** A node that does not listen: it can only reach nodes that do. */
  static open(options: ZeromqOptions): ZeromqTransport {
    return new ZeromqTransport(options, null)
  }

  /**
   * Listens at `bind` (`tcp://127.0.0.1:0`: any free port). The node can be named afterwards, when the port is known; until
   * then what comes in waits. With keys (`curve`) only encrypted connections of admitted keys come in. Throws a RivuletError of
   * code 2 if the address is taken, wrong, or open to other machines without keys.
   */
  static async listen(bind: string, curve?: CurveOptions): Promise<Listening> {
    // Nobody, until the node has its name.
    const ears: RouterEars = { disconnected: () => {}, refused: () => {} }
    const bound = await bindRouter(bind, curve, ears)
    return {
      address: bound.address,
      open: options => {
        const transport = new ZeromqTransport({ ...options, curve: options.curve ?? curve }, bound)
        ears.disconnected = () => {
          if (!transport.closed) transport.visitors.lookWhoLeft()
        }
        ears.refused = key => transport.say(`refused ${key}`, `a key that is not on the list was refused: ${key}`)
        return transport
      },
    }
  }

  onReceived(handler: Parameters<Transport["onReceived"]>[0]): void {
    this.received = handler
  }

  onLost(handler: (peer: NodeId) => void): void {
    this.lost = handler
  }

  onReached(handler: (peer: NodeId) => void): void {
    this.reached = handler
  }

  connect(to: NodeId, address: string): void {
    const name = nodeName(to)
    if (this.closed || name === nodeName(this.node)) return
    this.forgetUnopened(name)
    const present = this.links.get(name)
    if (present?.address === address) {
      present.to = to
      return
    }
    if (present !== undefined) this.closeLink(present)
    const { curve, onRefused } = this.options
    let parsed: Address
    let dealer: Dealer
    const down = () => {
      if (link.state === "down") return
      link.state = "down"
      this.dropped += link.queue.clear()
      this.lost(name)
    }
    const up = () => {
      link.state = "up"
      if (this.links.get(name) === link) this.reached(name)
    }
    try {
      parsed = parseAddress(address)
      if (parsed.key !== null && curve === undefined) {
        onRefused?.(to, `${endpointOf(parsed)} is reached with a key, and this process has none`, "rivulet keys new, then --key <name>")
        return
      }
      dealer = openDealer(this.node, parsed, curve, { up, down, refused: (reason, attempt) => onRefused?.(to, reason, attempt) })
    } catch (error) {
      this.cannotConnect(to, address, error)
      return
    }
    const queue = new SendQueue(dealer, maxQueuedBytes, (count, why) => this.drop(count, why))
    const link: Link = { to, address, dealer, queue, state: "connecting", unansweredMs: null, openedMs: performance.now() }
    this.links.set(name, link)
    void this.receiveFrom(dealer, link)
    // Only now: zeromq.js can sleep through events that come before it waits for the first.
    try {
      dealer.connect(endpointOf(parsed))
    } catch (error) {
      this.closeLink(link)
      this.cannotConnect(to, address, error)
    }
  }

  private cannotConnect(to: NodeId, address: string, error: unknown): void {
    this.say(`connect ${to}`, `cannot connect to ${to} at ${address}: ${messageOf(error)}`)
    if (!tooMany.has((error as { readonly code?: unknown }).code)) return
    const timer = setTimeout(() => this.connect(to, address), openAgainMs)
    this.unopened.set(nodeName(to), { to, timer })
  }

  private forgetUnopened(name: string): void {
    clearTimeout(this.unopened.get(name)?.timer)
    this.unopened.delete(name)
  }

  disconnect(from: NodeId): void {
    if (this.unopened.get(nodeName(from))?.to === from) this.forgetUnopened(nodeName(from))
    const link = this.links.get(nodeName(from))
    // An address may serve a later incarnation by now, or whichever lives there.
    if (link?.to === from) this.closeLink(link)
  }

  renew(to: NodeId): void {
    const link = this.links.get(nodeName(to))
    if (this.closed || link === undefined) return
    // A connection that is still being made needs its time.
    if (link.state === "connecting" && performance.now() - link.openedMs < deafMs) return
    this.say(`renew ${to}`, `what is sent to ${to} does not get there, though its connection seems to be ${link.state}: connecting anew`)
    this.openAnew(link)
  }

  send(to: NodeId, frames: readonly Uint8Array[]): void {
    if (this.closed) return
    passed(frames)
    const name = nodeName(to)
    const link = this.links.get(name)
    if (link !== undefined) {
      if (link.state === "down") this.dropped++
      else this.openIfDeaf(link).queue.push(frames)
    } else if (this.routerQueue !== null) this.routerQueue.push([Buffer.from(this.bound!.callers.idOf(name)), ...frames])
    else this.dropped++
  }

  /** Gives queued frames a moment to leave, then closes every socket. Nothing is received any more from the call on. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.visitors.stop()
    for (const name of [...this.unopened.keys()]) this.forgetUnopened(name)
    const links = [...this.links.values()]
    this.links.clear()
    const queues = [...links.filter(link => link.state !== "down").map(link => link.queue), ...(this.routerQueue ? [this.routerQueue] : [])]
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, lingerMs)
    })
    await Promise.race([Promise.all(queues.map(queue => queue.drained())), late])
    clearTimeout(timer)
    for (const link of links) closeSocket(link.dealer, link.state === "down" ? 0 : lingerMs)
    if (this.router !== null) closeSocket(this.router, lingerMs)
    this.bound?.closeGate()
  }

  /**
   * A connection may stand and yet lead nowhere: when another came to the same Router by our name, it took our place there.
   * Who answers nothing for long is therefore connected to anew; if it was only slow, the channel sends again what that cost.
   */
  private openIfDeaf(link: Link): Link {
    const nowMs = performance.now()
    link.unansweredMs ??= nowMs
    return nowMs - link.unansweredMs < deafMs ? link : this.openAnew(link)
  }

  private openAnew(link: Link): Link {
    const { to, address } = link
    this.closeLink(link)
    this.connect(to, address)
    return this.links.get(nodeName(to)) ?? link
  }

  private closeLink(link: Link): void {
    this.links.delete(nodeName(link.to))
    this.dropped += link.queue.clear()
    link.state = "down"
    closeSocket(link.dealer, 0)
  }

  private async receiveFrom(socket: Router | Dealer, link: Link | null): Promise<void> {
    while (!socket.closed) {
      let parts: Buffer[]
      try {
        parts = await socket.receive()
      } catch (error) {
        if (socket.closed || this.closed) return
        this.drop(1, `a message could not be received: ${messageOf(error)}`)
        // A socket whose every receive fails must not spin.
        await new Promise(resolve => setTimeout(resolve, 100))
        continue
      }
      if (this.closed) return
      if (link !== null) {
        if (parts.length === 1 && parts[0]!.byteLength === 0) continue
        const name = nodeName(link.to)
        if (this.links.get(name) === link) this.deliver(name, parts, false)
        if (passed(parts)) await turn()
        continue
      }
      const [id] = parts
      const caller = id && this.bound!.callers.callerOf(id, performance.now(), name => this.links.has(name))
      if (!caller || parts.length < 2) this.drop(1, "a message without a sender's name was dropped")
      else {
        this.visitors.came(caller.id)
        this.deliver(caller.name, parts.slice(1), caller.readOnly)
      }
      if (passed(parts)) await turn()
    }
  }

  private notHere(id: Uint8Array): void {
    const visitor = Buffer.from(id).toString("latin1")
    const name = this.bound!.callers.nameOf(visitor)
    if (this.visitors.left(visitor) && !this.closed && !this.links.has(name)) this.lost(name)
  }

  /** An error of whoever listens must not end the receiving. */
  private deliver(from: NodeId, frames: readonly Uint8Array[], readOnly: boolean): void {
    const link = this.links.get(from)
    if (link !== undefined) link.unansweredMs = null
    try {
      this.received(from, frames, readOnly)
    } catch (error) {
      this.drop(1, `a message from ${from} could not be handled: ${messageOf(error)}`)
    }
  }

  private drop(count: number, why: string): void {
    this.dropped += count
    this.say(why, why)
  }

  private say(key: string, text: string): void {
    if (this.said.has(key) || this.said.size > 1_000) return
    this.said.add(key)
    this.options.say?.(text)
  }
}
