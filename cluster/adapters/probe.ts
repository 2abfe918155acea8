/** Whether a process still listens at an address: the operating system knows at once, heartbeats only in time. */

import { connect } from "node:net"
import { parseAddress } from "../security.js"

const patienceMs = 1_000

/** False: the machine there says that nobody does. Null: it does not say (it is away, or slow). */
export function someoneListens(address: string): Promise<boolean | null> {
  return new Promise(resolve => {
    const { scheme, host, port } = parseAddress(address)
    if (scheme === "inproc") return resolve(null)
    const socket = scheme === "ipc" ? connect({ path: host }) : connect({ host, port })
    const answer = (value: boolean | null) => {
      socket.destroy()
      resolve(value)
    }
    socket.setTimeout(patienceMs, () => answer(null))
    socket.once("connect", () => answer(true))
    socket.once("error", error => answer((error as NodeJS.ErrnoException).code === "ECONNREFUSED" ? false : null))
  })
}
