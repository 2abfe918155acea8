/**
 * The connection of a shell with a screen, as a file that is loaded before the others: while these load, which takes a good part of
 * an attach, the handshake goes its ways.
 */
import type { RuntimeCalls } from "../../cluster/client/calls.js"
import { openCalls } from "../../cluster/client/session.js"

export function dial(address: string, { user, readOnly }: { readonly user: string; readonly readOnly: boolean }): Promise<RuntimeCalls> {
  return openCalls(address, { user, ...(readOnly && { readOnly }) })
}
