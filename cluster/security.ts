/**
 * Who may reach a node (DESIGN §11). Attaching is running code, so a node listens where only this machine can reach it.
 * Listening elsewhere needs encryption and a list of allowed keys, which this version does not have: it is refused.
 */

import { isIPv4 } from "node:net"
import { RivuletError } from "../engine/errors.js"

/** `tcp://<host>:<port>`, `ipc://<path>` or `inproc://<name>` in its parts. `host` has no brackets; `*` is port 0. */
export interface Address {
  readonly scheme: "tcp" | "ipc" | "inproc"
  readonly host: string
  /** 0: any free port (only to listen). */
  readonly port: number
}

/** The parts of an address. Throws a RivuletError of code 2 that shows what an address looks like. */
export function parseAddress(text: string): Address {
  const local = /^(ipc|inproc):\/\/(.+)$/.exec(text)
  if (local !== null) return { scheme: local[1] as "ipc" | "inproc", host: local[2]!, port: 0 }
  const tcp = /^(?:tcp:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+)):(\*|\d{1,5})$/.exec(text)
  const port = tcp === null ? Number.NaN : tcp[3] === "*" ? 0 : Number(tcp[3])
  if (tcp === null || !(port <= 65_535)) throw new RivuletError(`"${text}" is no address`, { code: 2, try: "tcp://127.0.0.1:7077" })
  return { scheme: "tcp", host: (tcp[1] ?? tcp[2])!, port }
}

/** As ZeroMQ writes it. */
export function formatAddress({ scheme, host, port }: Address): string {
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

/** Throws a RivuletError of code 2 when a node must not listen there. */
export function refuseOpenBind(address: Address): void {
  if (isLoopback(address)) return
  throw new RivuletError(
    `${formatAddress(address)} can be reached from other machines, and whoever attaches may run code here. ` +
      "Listening there needs CURVE keys, which this version of Rivulet does not have.",
    {
      code: 2,
      try: `listen on tcp://127.0.0.1:${address.port || 7077} and reach it through an SSH tunnel: ssh -N -L ${address.port || 7077}:127.0.0.1:${address.port || 7077} <this machine>`,
    },
  )
}
