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
 * Who came to the Router and has gone again is found by its name, see `lookWhoLeft`.
 *
 * Nothing here is certain to arrive: frames for a peer that is unknown, not connected or too far behind are dropped, and
 * the channel above sends again. What ZeroMQ would do silently is switched off: no high-water mark on the Router (it
 * drops there), `immediate` on Dealers (else frames pile up for a peer that is gone, and arrive old).
 */

import { networkInterfaces } from "node:os"
import { performance } from "node:perf_hooks"
import { Dealer, Router } from "zeromq"
import { RivuletError } from "../../engine/errors.js"
import { type NodeId, nodeName, type Transport } from "../ports.js"
import { maxFrameBytes } from "../protocol.js"
import { endpointOf, formatAddress, parseAddress, refuseOpenBind } from "../security.js"
import { type CurveOptions, openGate, toZ85 } from "./curve.js"
import { passed } from "./message-memory.js"
import { SendQueue } from "./send-queue.js"

/** Bytes that may wait for one peer before newer frames are dropped. */
const maxQueuedBytes = 256 * 1024 * 1024
/** Messages inside ZeroMQ for one peer; more wait in our queue, where their bytes are counted. */
const dealerHighWaterMark = 64
/**
 * For a peer whose machine vanished without a word. ZeroMQ's own heartbeats are not used: libzmq 4.3 aborts the process when
 * one is due for a peer that has gone while more than its receive queue holds was unread (`Assertion failed: !_io_error`).
 */
const keepalive = { tcpKeepalive: 1, tcpKeepaliveIdle: 5, tcpKeepaliveInterval: 2, tcpKeepaliveCount: 3, tcpMaxRetransmitTimeout: 10_000 }
/** Names that are remembered of those who came; beyond, they are learned anew. */
const mostCame = 10_000
const lookAgainMs = [10, 50, 200]
const nothing = new Uint8Array(0)
/** Two nodes of one name would take turns for ever: not too soon. */
const deafMs = 3_000
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
}

export class ZeromqTransport implements Transport {
  readonly node: NodeId
  /** Where others reach this node, with the real port. Null if it does not listen. */
  readonly address: string | null
  /** Frames that were not sent, or not understood. */
  dropped = 0

  /** By the peer's name. */
  private readonly links = new Map<string, Link>()
  /** Names of those who came to the Router, as far as they are not known to have gone. */
  private readonly came = new Set<string>()
  private looking: NodeJS.Timeout | null = null
  private looks = 0
  private readonly routerQueue: SendQueue | null
  private received: (from: NodeId, frames: readonly Uint8Array[]) => void = () => {}
  private lost: (peer: NodeId) => void = () => {}
  private reached: (peer: NodeId) => void = () => {}
  private readonly said = new Set<string>()
  private closed = false

  private constructor(
    private readonly options: ZeromqOptions,
    private readonly router: Router | null,
    /** Ends the admission of the Router. */
    private readonly closeGate: () => void = () => {},
  ) {
    this.node = options.node
    this.address = router === null ? null : addressOf(router, options.curve)
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
    const address = parseAddress(bind)
    if (curve === undefined) refuseOpenBind(address)
    let refused = (_publicKey: string): void => {}
    let disconnected = (): void => {}
    const gate =
      curve &&
      (await openGate(
        key => (key === curve.pair.publicKey ? "this cluster" : curve.gate(key)),
        key => refused(key),
      ))
    const router = new Router({
      mandatory: true,
      // A mandatory Router waits for an unknown peer, for ever by default.
      sendTimeout: 0,
      sendHighWaterMark: 0,
      // A node that reconnects before its old connection is seen to be gone takes its place.
      handover: true,
      linger: 0,
      maxMessageSize: maxFrameBytes,
      ipv6: address.host.includes(":"),
      ...(curve && gate && { curveServer: true, curveSecretKey: toZ85(curve.pair.secretKey), zapDomain: gate.domain }),
      ...keepalive,
    })
    // Before the bind: zeromq.js can sleep through events that come before it waits for the first.
    router.events.on("disconnect", () => disconnected())
    try {
      await router.bind(endpointOf(address))
    } catch (error) {
      router.close()
      gate?.close()
      throw bindError(endpointOf(address), error)
    }
    return {
      address: addressOf(router, curve),
      open: options => {
        const transport = new ZeromqTransport({ ...options, curve: options.curve ?? curve }, router, gate?.close)
        disconnected = () => transport.lookWhoLeft()
        refused = key => transport.say(`refused ${key}`, `a key that is not on the list was refused: ${key}`)
        return transport
      },
    }
  }

  onReceived(handler: (from: NodeId, frames: readonly Uint8Array[]) => void): void {
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
    const present = this.links.get(name)
    if (present?.address === address) {
      present.to = to
      return
    }
    if (present !== undefined) this.closeLink(present)
    let dealer: Dealer | undefined
    let endpoint: string
    try {
      const parsed = parseAddress(address)
      const { curve } = this.options
      if (parsed.key !== null && curve === undefined) {
        this.options.onRefused?.(
          to,
          `${endpointOf(parsed)} is reached with a key, and this process has none`,
          "rivulet keys new, then --key <name>",
        )
        return
      }
      dealer = new Dealer({
        routingId: nodeName(this.node),
        immediate: true,
        linger: 0,
        sendHighWaterMark: dealerHighWaterMark,
        maxMessageSize: maxFrameBytes,
        reconnectInterval: 50,
        reconnectMaxInterval: 250,
        connectTimeout: 3_000,
        ipv6: parsed.host.includes(":"),
        ...(parsed.key !== null &&
          curve !== undefined && {
            curveServerKey: toZ85(parsed.key),
            curvePublicKey: toZ85(curve.pair.publicKey),
            curveSecretKey: toZ85(curve.pair.secretKey),
          }),
        ...keepalive,
      })
      endpoint = endpointOf(parsed)
    } catch (error) {
      dealer?.close()
      this.say(`connect ${to}`, `cannot connect to ${to} at ${address}: ${messageOf(error)}`)
      return
    }
    const queue = new SendQueue(dealer, maxQueuedBytes, (count, why) => this.drop(count, why))
    const link: Link = { to, address, dealer, queue, state: "connecting", unansweredMs: null }
    this.links.set(name, link)
    const down = () => {
      if (link.state === "down") return
      link.state = "down"
      this.dropped += queue.clear()
      this.lost(name)
    }
    dealer.events.on("handshake", () => {
      link.state = "up"
      if (this.links.get(name) === link) this.reached(name)
    })
    const { key } = parseAddress(address)
    dealer.events.on("handshake:error:auth", () => {
      const mine = this.options.curve?.pair.publicKey
      this.options.onRefused?.(to, `its list of allowed keys has not ${mine}`, `on its machine: rivulet keys allow ${mine}`)
    })
    for (const event of ["handshake:error:protocol", "handshake:error:other"] as const)
      dealer.events.on(event, () => {
        const [reason, attempt] =
          key === null ? ["it listens with a key", `${address}#<its public key>`] : ["it has another key", "ask for its address again"]
        this.options.onRefused?.(to, reason, attempt)
      })
    dealer.events.on("disconnect", down)
    dealer.events.on("connect:retry", down)
    void this.receiveFrom(dealer, link)
    // Only now: zeromq.js can sleep through events that come before it waits for the first.
    try {
      dealer.connect(endpoint)
    } catch (error) {
      this.closeLink(link)
      this.say(`connect ${to}`, `cannot connect to ${to} at ${address}: ${messageOf(error)}`)
    }
  }

  disconnect(from: NodeId): void {
    const link = this.links.get(nodeName(from))
    // An address may serve a later incarnation by now, or whichever lives there.
    if (link?.to === from) this.closeLink(link)
  }

  send(to: NodeId, frames: readonly Uint8Array[]): void {
    if (this.closed) return
    passed(frames)
    const name = nodeName(to)
    const link = this.links.get(name)
    if (link !== undefined) {
      if (link.state === "down") this.dropped++
      else this.openIfDeaf(link).queue.push(frames)
    } else if (this.routerQueue !== null) this.routerQueue.push([Buffer.from(name), ...frames])
    else this.dropped++
  }

  /** Gives queued frames a moment to leave, then closes every socket. Nothing is received any more from the call on. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    if (this.looking !== null) clearTimeout(this.looking)
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
    this.closeGate()
  }

  /**
   * A connection may stand and yet lead nowhere: when another came to the same Router by our name, it took our place there.
   * Who answers nothing for long is therefore connected to anew; if it was only slow, the channel sends again what that cost.
   */
  private openIfDeaf(link: Link): Link {
    const nowMs = performance.now()
    link.unansweredMs ??= nowMs
    if (nowMs - link.unansweredMs < deafMs) return link
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
        if (this.links.get(name) === link) this.deliver(name, parts)
        passed(parts)
        continue
      }
      const from = parts[0] === undefined ? null : nameIn(parts[0])
      if (from === null || parts.length < 2) this.drop(1, "a message without a sender's name was dropped")
      else {
        if (this.came.size >= mostCame) this.came.clear()
        this.came.add(from)
        this.deliver(from, parts.slice(1))
      }
      passed(parts)
    }
  }

  /**
   * A connection to the Router broke; ZeroMQ does not say whose. It refuses a message for who is not there, so each of them gets
   * an empty one, which says nothing: now and a few times more, for ZeroMQ says so before it acts so.
   */
  private lookWhoLeft(): void {
    this.looks = 0
    this.looking ??= setTimeout(() => this.look(), 0)
  }

  private look(): void {
    this.looking = null
    if (this.closed) return
    for (const name of this.came) if (!this.links.has(name)) this.routerQueue?.push([Buffer.from(name), nothing])
    if (this.looks < lookAgainMs.length) this.looking = setTimeout(() => this.look(), lookAgainMs[this.looks++])
  }

  private notHere(id: Uint8Array): void {
    const name = Buffer.from(id).toString("latin1")
    if (this.came.delete(name) && !this.closed && !this.links.has(name)) this.lost(name)
  }

  /** An error of whoever listens must not end the receiving. */
  private deliver(from: NodeId, frames: readonly Uint8Array[]): void {
    const link = this.links.get(from)
    if (link !== undefined) link.unansweredMs = null
    try {
      this.received(from, frames)
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

/** A name that a peer gave itself. Null for ZeroMQ's own made-up ids and garbage. */
function nameIn(frame: Buffer): string | null {
  const text = frame.toString("latin1")
  return /^[!-~]{1,240}$/.test(text) ? text : null
}

function closeSocket(socket: Router | Dealer, linger: number): void {
  if (socket.closed) return
  try {
    socket.linger = linger
  } catch {
    // The context is being torn down: then there is nobody to linger for.
  }
  socket.close()
}

/** With the real port, and the key that whoever comes must know. */
function addressOf(router: Router, curve: CurveOptions | undefined): string {
  const address = parseAddress(router.lastEndpoint!)
  return formatAddress({ ...address, host: reachableHost(address.host), key: curve?.pair.publicKey ?? null })
}

/** Whoever listens on all addresses is told to others by one that they can reach: the first that is not loopback. */
function reachableHost(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return host
  const family = host === "::" ? "IPv6" : "IPv4"
  const found = Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .find(entry => entry.family === family && !entry.internal)
  return found?.address ?? (family === "IPv6" ? "::1" : "127.0.0.1")
}

function bindError(address: string, error: unknown): RivuletError {
  const code = (error as NodeJS.ErrnoException).code
  if (code === "EADDRINUSE")
    return new RivuletError(`${address} is in use by another process`, {
      code: 2,
      try: "another port, or 0 for any free one (--bind tcp://127.0.0.1:0)",
      cause: error,
    })
  return new RivuletError(`cannot listen on ${address}: ${messageOf(error)}`, {
    code: 2,
    try: "an address of this machine, as tcp://127.0.0.1:7077",
    cause: error,
  })
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
