/**
 * Who may reach a node. Attaching is running code, so without keys a node listens only where this machine alone
 * can reach it. With a key of its own it listens anywhere: connections are encrypted (CURVE), and a list says whose are admitted.
 */

import { isIPv4 } from "node:net"
import { RivuletError } from "../engine/errors.js"

/** `tcp://<host>:<port>[#<public key>]`, `ipc://<path>` or `inproc://<name>` in its parts. `host` has no brackets; `*` is port 0. */
export interface Address {
  readonly scheme: "tcp" | "ipc" | "inproc"
  readonly host: string
  /** 0: any free port (only to listen). */
  readonly port: number
  /** The public key of whoever listens there, base64url. Null: not encrypted. */
  readonly key: string | null
}

/** The parts of an address. Throws a RivuletError of code 2 that shows what an address looks like. */
export function parseAddress(text: string): Address {
  const local = /^(ipc|inproc):\/\/(.+)$/.exec(text)
  if (local !== null) return { scheme: local[1] as "ipc" | "inproc", host: local[2]!, port: 0, key: null }
  const tcp = /^(?:tcp:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]#]+)):(\*|\d{1,5})(?:#([A-Za-z0-9_-]{43}))?$/.exec(text)
  const port = tcp === null ? Number.NaN : tcp[3] === "*" ? 0 : Number(tcp[3])
  if (tcp === null || !(port <= 65_535))
    throw new RivuletError(`"${text}" is no address`, {
      code: 2,
      try: "tcp://127.0.0.1:7077, or tcp://<host>:7077#<the master's public key>",
    })
  return { scheme: "tcp", host: (tcp[1] ?? tcp[2])!, port, key: tcp[4] ?? null }
}

/** Those of several masters, with commas between them: each at least once, none empty. Throws as `parseAddress`. */
export function parseAddresses(text: string): Address[] {
  return text.split(",").map(one => parseAddress(one.trim()))
}

/** As a user writes it and nodes tell each other. */
export function formatAddress(address: Address): string {
  return address.key === null ? endpointOf(address) : `${endpointOf(address)}#${address.key}`
}

/** As ZeroMQ wants it: without the key. */
export function endpointOf({ scheme, host, port }: Address): string {
  if (scheme !== "tcp") return `${scheme}://${host}`
  const name = host === "localhost" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host
  return `tcp://${name}:${port === 0 ? "*" : port}`
}

/** Whether only processes of this machine can reach the address. */
export function isLoopback(address: Address): boolean {
  if (address.scheme !== "tcp") return true
  const host = address.host.toLowerCase()
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."))
}

/** Throws a RivuletError of code 2 when a node without a key must not listen there. */
export function refuseOpenBind(address: Address): void {
  if (isLoopback(address)) return
  const port = address.port || 7077
  throw new RivuletError(
    `${endpointOf(address)} can be reached from other machines, and whoever attaches may run code here: listening there needs keys`,
    {
      code: 2,
      try:
        "rivulet keys new cluster, then the same command with --key cluster; each user: rivulet keys new, and here: rivulet keys allow <public key>. " +
        `Or listen on tcp://127.0.0.1:${port} and reach it by ssh -N -L ${port}:127.0.0.1:${port} <this machine>`,
    },
  )
}
