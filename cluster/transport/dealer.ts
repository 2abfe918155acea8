/** The socket by which a node reaches one that listens: not connected yet, its events already heard. */

import { Dealer } from "zeromq"
import { type NodeId, nodeName } from "../ports.js"
import { maxFrameBytes } from "../protocol.js"
import { type Address, endpointOf } from "../security.js"
import { routingIdFor } from "./credentials.js"
import { type CurveOptions, toZ85 } from "./curve.js"
import { keepalive } from "./socket.js"

/** Messages inside ZeroMQ for one peer; more wait in our queue, where their bytes are counted. */
const dealerHighWaterMark = 64

/** Connections in a row that end in their handshake, before they are taken for a refusal. */
const brokenMost = 2

export interface DealerEars {
  readonly up: () => void
  /** Also when a connection could not be made; more than once. */
  readonly down: () => void
  /** The other does not admit this node: why, and what to do. */
  readonly refused: (reason: string, attempt: string) => void
}

/** `address`: where it will be connected to. Throws what ZeroMQ throws. */
export function openDealer(self: NodeId, address: Address, curve: CurveOptions | undefined, ears: DealerEars): Dealer {
  const keyed = address.key !== null && curve !== undefined
  const dealer = new Dealer({
    routingId: keyed ? routingIdFor(nodeName(self), curve.pair, address.key) : nodeName(self),
    immediate: true,
    linger: 0,
    sendHighWaterMark: dealerHighWaterMark,
    maxMessageSize: maxFrameBytes,
    reconnectInterval: 50,
    reconnectMaxInterval: 250,
    connectTimeout: 3_000,
    ipv6: address.host.includes(":"),
    ...(keyed && {
      curveServerKey: toZ85(address.key),
      curvePublicKey: toZ85(curve.pair.publicKey),
      curveSecretKey: toZ85(curve.pair.secretKey),
    }),
    ...keepalive,
  })
  dealer.events.on("handshake", ears.up)
  dealer.events.on("handshake:error:auth", () => {
    const mine = curve?.pair.publicKey
    ears.refused(`its list of allowed keys has not ${mine}`, `on its machine: rivulet keys allow ${mine}`)
  })
  dealer.events.on("handshake:error:protocol", ({ error }) => {
    // What else is wrong there says nothing of keys: no node may listen there at all.
    if ((error as { readonly code?: string }).code !== "ERR_ZMTP_MECHANISM_MISMATCH") ears.down()
    else if (address.key === null) ears.refused("it listens with a key", `${endpointOf(address)}#<its public key>`)
    else ears.refused("it listens without a key", endpointOf(address))
  })
  // The connection ended before it stood. Whoever has another key does that each time; who does it once may just be ending himself.
  let broken = 0
  dealer.events.on("handshake", () => {
    broken = 0
  })
  dealer.events.on("handshake:error:other", () => {
    if (address.key !== null && ++broken >= brokenMost) ears.refused("it has another key", "ask for its address again")
    else ears.down()
  })
  dealer.events.on("disconnect", ears.down)
  dealer.events.on("connect:retry", ears.down)
  return dealer
}
