/** A client's machine among real adapters, as calls: what the library's sessions and a worker's driver threads stand on. */

import type { ClientCalls } from "../client/calls.js"
import { RuntimeCalls } from "../client/calls.js"
import { ClientMachine } from "../client/client.js"
import { formatAddress, parseAddress } from "../security.js"
import { ZeromqTransport } from "../transport/zeromq.js"
import { rivuletVersion, runtimeVersion } from "../version.js"
import type { Say } from "./log.js"
import { type RunningNode, runNode } from "./run-node.js"

export interface ClientNodeOptions {
  /** Unique among the nodes of the cluster. */
  readonly name: string
  /** The master's address. RivuletError of code 2 if it is none. */
  readonly master: string
  readonly user: string
  readonly say: Say
}

/** Knocks at the master from now on; a `connect` call waits until it answers. Closing it closes its sockets. */
export function openClientNode({ name, master, user, say }: ClientNodeOptions): ClientCalls {
  const node = `${name}#${Date.now()}`
  const address = formatAddress(parseAddress(master))
  let running: RunningNode
  const calls = new RuntimeCalls({
    dispatch: event => running.dispatch(event),
    now: Date.now,
    close: () => running.stop(),
  })
  running = runNode({
    node,
    machine: new ClientMachine({ address, user, version: rivuletVersion, runtime: runtimeVersion }),
    transport: ZeromqTransport.open({ node, say: text => say("debug", text) }),
    say,
    onAnswer: answer => calls.perform(answer),
    onExit: (code, reason) => calls.perform({ kind: "exit", code, reason }),
  })
  return calls
}
