/** A link that takes its time: what goes through arrives so much later, in order, either way. */
import { createServer, connect as open, type Socket } from "node:net"

export interface SlowLink {
  /** In place of the one behind it. */
  readonly address: string
  close(): void
}

/** @param address `tcp://host:port` @param oneWayMs half of a round trip */
export async function slowLink(address: string, oneWayMs: number): Promise<SlowLink> {
  const { hostname, port } = new URL(address)
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, near => {
    const far = open({ host: hostname, port: Number(port), noDelay: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on("data", chunk => setTimeout(() => to.writable && to.write(chunk), oneWayMs))
      from.on("end", () => setTimeout(() => to.end(), oneWayMs))
      from.on("error", () => to.destroy())
      from.on("close", () => sockets.delete(from))
    }
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  const bound = server.address() as { readonly port: number }
  return {
    address: `tcp://127.0.0.1:${bound.port}`,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
