/** The socket of a node that listens: bound to its address, its gate beside it. */

import { networkInterfaces } from "node:os"
import { Router } from "zeromq"
import { RivuletError } from "../../engine/errors.js"
import { maxFrameBytes } from "../protocol.js"
import { endpointOf, formatAddress, parseAddress, refuseOpenBind } from "../security.js"
import { Callers } from "./callers.js"
import { type CurveOptions, openGate, toZ85 } from "./curve.js"
import { keepalive, messageOf } from "./socket.js"

/** Whoever hears of the socket; it may be somebody else once the node has its name. */
export interface RouterEars {
  /** A connection broke; ZeroMQ does not say whose. */
  disconnected: () => void
  /** A key that the gate does not admit. */
  refused: (publicKey: string) => void
}

export interface BoundRouter {
  readonly router: Router
  /** With the real port, and the key that whoever comes must know. */
  readonly address: string
  readonly callers: Callers
  /** Ends the admission. */
  closeGate(): void
}

/** Throws a RivuletError of code 2 if the address is taken, wrong, or open to other machines without keys. */
export async function bindRouter(bind: string, curve: CurveOptions | undefined, ears: RouterEars): Promise<BoundRouter> {
  const address = parseAddress(bind)
  if (curve === undefined) refuseOpenBind(address)
  const gate =
    curve &&
    (await openGate(
      key => (key === curve.pair.publicKey ? { label: "this cluster", readOnly: false } : curve.gate(key)),
      key => ears.refused(key),
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
  router.events.on("disconnect", () => ears.disconnected())
  try {
    await router.bind(endpointOf(address))
  } catch (error) {
    router.close()
    gate?.close()
    throw bindError(endpointOf(address), error)
  }
  return { router, address: addressOf(router, curve), callers: new Callers(curve), closeGate: () => gate?.close() }
}

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
