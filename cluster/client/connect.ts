/** A session of this process: the client's machine over ZeroMQ, the real clock, this machine's files and user. */

import { randomBytes } from "node:crypto"
import { userInfo } from "node:os"
import { resolve } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import { userKeys } from "../adapters/key-files.js"
import { openLog, type Say } from "../adapters/log.js"
import { runNode } from "../adapters/run-node.js"
import { systemNow } from "../adapters/system-clock.js"
import { formatAddress, parseAddresses } from "../security.js"
import type { CurveOptions } from "../transport/curve.js"
import { rivuletVersion, runtimeVersion } from "../version.js"
import { RuntimeCalls } from "./calls.js"
import { type ClientConfig, ClientMachine } from "./client.js"
import type { ClientSession } from "./client-session.js"
import { createSession, type SessionOptions } from "./create-session.js"
import { fileText } from "./source-text.js"

export const defaultMaster = "tcp://127.0.0.1:7077"

/** How to attach to a master. */
export interface ConnectOptions extends Partial<SessionOptions> {
  /** Nothing is changed, and functions are of the subset that is understood: the master refuses all else (code 4). */
  readonly readOnly?: boolean
  readonly config?: Partial<ClientConfig>
  /** Where warnings go: stderr, at the level of RIVULET_LOG, unless given. */
  readonly say?: Say
}

/**
 * A session with the master at `tcp://host:port` (with `#<key>` beyond loopback), this machine's by default; of several masters,
 * with commas between their addresses, with the one that leads. Rejected with a RivuletError: code 2 for an absurd address, 3 when no
 * master answers there within 2 s (for each address) or it refuses this client.
 */
export async function connect(master: string = defaultMaster, options: ConnectOptions = {}): Promise<ClientSession> {
  const user = options.user ?? process.env.USER ?? userInfo().username
  const calls = await openCalls(master, { user, config: options.config, say: options.say, readOnly: options.readOnly })
  try {
    const as = `s-${randomBytes(6).toString("hex")}`
    return await createSession(calls, { as, textOf: fileText(), resolvePath: absolute, ...options, user })
  } catch (error) {
    await calls.close()
    throw error
  }
}

/** The calls alone: what several sessions of one process (a shell's threads, driver threads) share. */
export async function openCalls(
  master: string,
  options: {
    readonly user: string
    readonly config?: Partial<ClientConfig>
    readonly say?: Say
    readonly curve?: CurveOptions
    readonly readOnly?: boolean
  },
): Promise<RuntimeCalls> {
  const parsed = parseAddresses(master)
  const address = parsed.map(formatAddress).join(",")
  // Only an address with a key needs one of the user's.
  const curve = options.curve ?? (parsed.every(({ key }) => key === null) ? undefined : userKeys())
  const name = `c-${randomBytes(5).toString("hex")}`
  const node = `${name}#1`
  const say = options.say ?? openLog({ node: name, level: process.env.RIVULET_LOG === undefined ? "warn" : undefined })
  // Only here: what a program imports of this package may be loaded in any thread, ZeroMQ in the main one alone.
  const { ZeromqTransport } = await import("../transport/zeromq.js")
  const transport = await ZeromqTransport.open({
    node,
    say: text => say("debug", text),
    curve,
    onRefused: (peer, reason, attempt) => {
      // Of several masters one that ends just now can look like this, and another may admit it.
      if (peer === "master" && parsed.length === 1)
        calls.end(new RivuletError(`the master at ${address} does not admit this client: ${reason}`, { code: 3, try: attempt }))
      else say("warn", `${peer} does not admit this client: ${reason}. try: ${attempt}`)
    },
  })
  const { user, config, readOnly } = options
  const machine = new ClientMachine({
    ...{ address, user, version: rivuletVersion, runtime: runtimeVersion },
    ...(readOnly && { readOnly }),
    ...(config && { config }),
  })
  const running = runNode({
    node,
    machine,
    transport,
    say,
    onAnswer: command => calls.perform(command),
    onExit: (code, reason) => calls.perform({ kind: "exit", code, reason }),
  })
  const calls: RuntimeCalls = new RuntimeCalls({
    call: call => running.call(call),
    now: () => systemNow().wallMs,
    close: () => running.stop(),
  })
  return calls
}

/** Paths are read by the workers, whose directory is another: relative ones are meant from here. */
function absolute(path: string): string {
  return resolve(path)
}
