/** Whether anybody listens where a master should be: asked before what a session needs is loaded, so that a wrong address is told at once. */
import { connect } from "node:net"
import { parseAddresses } from "../../cluster/security.js"
import { RivuletError } from "../../engine/errors.js"

/** A master that is just starting is waited for. */
const againMs = 100
/** An answer that takes longer than all the time there is comes too late anyway; but one try there is. */
const leastMs = 300

/** What is wrong with an address that no waiting mends; null: it may yet be there. */
const hopeless: Readonly<Record<string, string>> = {
  ENOTFOUND: "no machine has that name",
  EAI_AGAIN: "no machine of that name was found",
}

/** Resolves when there is somebody, at one of several addresses. Rejects with a RivuletError of code 3 after `withinMs`, or when no address can be right. */
export async function someoneListens(master: string, withinMs: number): Promise<void> {
  const untilMs = performance.now() + Math.max(leastMs, withinMs)
  const found = await Promise.all(parseAddresses(master).map(({ host, port }) => listens(host, port, untilMs)))
  if (found.includes("yes")) return
  const why = found.find(one => one !== "yes" && one !== "silent")
  throw new RivuletError(`no master answers at ${master}${why === undefined ? "" : `: ${why}`}`, {
    code: 3,
    try:
      (await upElsewhere(master)) ??
      "rivulet up (or rivulet start) begins a cluster here, rivulet master one there; or --master with another address",
  })
}

/** Where a cluster runs that `rivulet up` has started here; null: nowhere, or it was asked. */
async function upElsewhere(asked: string): Promise<string | null> {
  const { runningUp } = await import("./up.js")
  const address = runningUp()
  return address === null || asked.includes(address) ? null : `-m ${address}, where rivulet up has started a cluster`
}

async function listens(host: string, port: number, untilMs: number): Promise<string> {
  for (;;) {
    const error = await knock(host, port, untilMs - performance.now())
    if (error === null) return "yes"
    if (hopeless[error] !== undefined) return hopeless[error]
    if (performance.now() + againMs >= untilMs) return "silent"
    await new Promise(resolve => setTimeout(resolve, againMs))
  }
}

/** The error's code; null: a connection stood. */
function knock(host: string, port: number, withinMs: number): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (error: string | null) => {
      clearTimeout(late)
      socket.destroy()
      resolve(error)
    }
    const late = setTimeout(end, Math.max(1, withinMs), "ETIMEDOUT")
    socket.once("connect", () => end(null))
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? "EIO"))
  })
}
