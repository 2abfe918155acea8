/** What all sockets share. */

import type { Dealer, Router } from "zeromq"

/**
 * For a peer whose machine vanished without a word. ZeroMQ's own heartbeats are not used: libzmq 4.3 aborts the process when
 * one is due for a peer that has gone while more than its receive queue holds was unread (`Assertion failed: !_io_error`).
 */
export const keepalive = {
  tcpKeepalive: 1,
  tcpKeepaliveIdle: 5,
  tcpKeepaliveInterval: 2,
  tcpKeepaliveCount: 3,
  tcpMaxRetransmitTimeout: 10_000,
}

/** `lingerMs`: for how long what was sent may still leave. */
export function closeSocket(socket: Router | Dealer, lingerMs: number): void {
  if (socket.closed) return
  try {
    socket.linger = lingerMs
  } catch {
    // The context is being torn down: then there is nobody to linger for.
  }
  socket.close()
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
