/// <reference path="./nats.d.ts" />
/**
 * Where several masters find one journal and one lease: NATS JetStream. Of a cluster `c` the journal is the stream `RIVULET_c`, the
 * lease the key `leader` of the bucket `RIVULET_c`; who stands by has a key `standby.…` of its own there.
 */

import { randomBytes } from "node:crypto"
import type { JetStreamManager, JsMsg, StreamInfo } from "@nats-io/jetstream"
import type { KV } from "@nats-io/kv"
import type { MsgHdrs, NatsConnection } from "@nats-io/transport-node"
import { RivuletError } from "../../engine/errors.js"
import { type Lease, noLease, type SeenLease } from "../master/leadership.js"
import type { SeenStandby, Standby } from "../master/standbys.js"
import type { LeaseStore, StandbyStore } from "../ports.js"
import { natsOptions, parseNatsAddress, shownNatsAddress } from "./nats-address.js"
import { type LogMessage, SharedJournal, type SharedLog } from "./shared-journal.js"

export interface StoreOptions {
  /** `nats://host:4222`, several servers of one NATS cluster with commas between them. */
  readonly url: string
  /** The cluster's name. */
  readonly cluster: string
  /** How many servers keep it. Default as it is; of a new one, three where there are so many, else one. */
  readonly replicas?: number
  /** A cluster that is not there yet may be begun though there are others. */
  readonly begin: boolean
  /** A request that is not answered for so long has failed. */
  readonly timeoutMs: number
}

/** What several masters share. */
export interface MasterStore {
  /** For people: where it is. */
  readonly shown: string
  /** Who came to it: a name that no other process has or had. */
  readonly caller: string
  readonly lease: LeaseStore
  readonly standbys: StandbyStore
  /** How many servers keep it. */
  readonly replicas: number
  /** Whether its servers are a cluster. */
  readonly clustered: boolean
  /** To be opened once. */
  journal(): SharedJournal
  close(): Promise<void>
}

const connectMs = 5_000
/** Room for the headers, which count too. */
const headerBytes = 4 * 1024
const readAtOnce = 200
/** For so many messages it is waited so long; none then is an answer, too. */
const readMs = 2_000
const notFound = 10_059
const wrongSequence = new Set([10_071, 10_164])
/** One server, or not as many as that. */
const tooManyReplicas = new Set([10_074, 10_005, 10_023])
const key = "leader"

/**
 * Connects, and makes what is not there yet. Throws a RivuletError: code 3 when no server answers or admits this process, 2 for what it
 * cannot be used for.
 */
export async function openNatsStore(options: StoreOptions): Promise<MasterStore> {
  const address = parseNatsAddress(options.url)
  const shown = shownNatsAddress(address)
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(options.cluster))
    throw new RivuletError(`--name ${options.cluster}: in a store the name of a cluster has letters, digits, - and _`, {
      code: 2,
      try: `--name ${options.cluster.replace(/[^A-Za-z0-9_-]+/g, "-") || "rivulet"}`,
    })
  const connection = await connectTo(shown, await natsOptions(address))
  try {
    const { jetstreamManager } = await import("@nats-io/jetstream")
    const { Kvm } = await import("@nats-io/kv")
    const manager = await jetstreamManager(connection, { timeout: options.timeoutMs })
    const { config } = await openStream(manager, shown, options)
    const bucket = await new Kvm(manager.jetstream()).create(`RIVULET_${options.cluster}`, {
      replicas: config.num_replicas,
      history: 1,
      description: `who leads the Rivulet cluster ${options.cluster}`,
    })
    const maxBytes = Math.min(512 * 1024, (connection.info?.max_payload ?? 1024 * 1024) - headerBytes)
    const { headers } = await import("@nats-io/transport-node")
    const log = new NatsLog(manager, config.name, config.subjects[0] as string, maxBytes, options.timeoutMs, headers)
    await log.begin()
    const caller = randomBytes(8).toString("hex")
    return {
      ...{ shown, caller },
      lease: new NatsLease(bucket, options.timeoutMs),
      standbys: new NatsStandbys(manager, options.cluster, bucket),
      replicas: config.num_replicas,
      clustered: connection.info?.cluster !== undefined,
      journal: () => new SharedJournal(log, caller),
      close: () => connection.close(),
    }
  } catch (error) {
    await connection.close()
    if (error instanceof RivuletError) throw error
    throw storeError(shown, error)
  }
}

async function connectTo(shown: string, options: Awaited<ReturnType<typeof natsOptions>>): Promise<NatsConnection> {
  // Loaded by whoever has a store.
  const { connect } = await import("@nats-io/transport-node")
  try {
    return await connect({ ...options, name: "rivulet master", timeout: connectMs, maxReconnectAttempts: -1, reconnectTimeWait: 250 })
  } catch (error) {
    throw storeError(shown, error)
  }
}

function storeError(shown: string, error: unknown): RivuletError {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  if (name === "AuthorizationError" || name === "PermissionViolationError")
    return new RivuletError(`the store ${shown} does not admit this master: ${message}`, {
      code: 3,
      try: "nats://user:password@host:4222, or NATS_USER and NATS_PASSWORD, NATS_CREDS, NATS_NKEY",
      cause: error,
    })
  if (name === "JetStreamNotEnabled" || /jetstream (is )?not enabled/i.test(message))
    return new RivuletError(`the store ${shown} keeps nothing: its server runs without JetStream`, {
      code: 2,
      try: "nats-server --jetstream --store_dir /var/lib/nats",
      cause: error,
    })
  return new RivuletError(`the store ${shown} cannot be used: ${message}`, {
    code: 3,
    try: "nats-server --jetstream there, or --store with its address",
    cause: error,
  })
}

async function openStream(manager: JetStreamManager, shown: string, { cluster, replicas, begin }: StoreOptions): Promise<StreamInfo> {
  const name = `RIVULET_${cluster}`
  const subject = `rivulet.${cluster}.journal`
  const there = await manager.streams.info(name).catch((error: { code?: number }) => {
    if (error.code === notFound) return null
    throw error
  })
  if (there !== null) {
    if (there.config.subjects.join(" ") !== subject)
      throw new RivuletError(`the stream ${name} of ${shown} is not a journal of Rivulet's`, { code: 2, try: "another --name" })
    if (replicas === undefined || there.config.num_replicas === replicas) return there
    await manager.streams.update(`KV_${name}`, { num_replicas: replicas }).catch((error: { code?: number }) => {
      if (error.code !== notFound) throw error
    })
    return manager.streams.update(name, { num_replicas: replicas })
  }
  const others: string[] = []
  for await (const stream of manager.streams.names("rivulet.*.journal")) others.push(stream.replace(/^RIVULET_/, ""))
  if (others.length > 0 && !begin)
    throw new RivuletError(`the store ${shown} has no cluster "${cluster}", but ${others.sort().join(", ")}`, {
      code: 2,
      try: `--name ${others[0]}, or --begin to begin a cluster of that name`,
    })
  const add = (copies: number) =>
    manager.streams.add({
      ...{ name, subjects: [subject], num_replicas: copies, retention: "limits", storage: "file", discard: "new" },
      description: `the journal of the Rivulet cluster ${cluster}`,
    })
  if (replicas !== undefined) return add(replicas)
  return add(3).catch((error: { code?: number }) => {
    if (tooManyReplicas.has(error.code ?? 0)) return add(1)
    throw error
  })
}

class NatsLog implements SharedLog {
  constructor(
    private readonly manager: JetStreamManager,
    private readonly stream: string,
    private readonly subject: string,
    readonly maxBytes: number,
    private readonly timeoutMs: number,
    private readonly headers: () => MsgHdrs,
  ) {}

  /** So that it has an end to compare with: servers take the position 0 for none. */
  async begin(): Promise<void> {
    if ((await this.end()) > 0) return
    const message: LogMessage = { writer: "", first: 0, part: 1, parts: 1, payload: new Uint8Array(0) }
    await this.publish(message, {})
  }

  append(message: LogMessage, end: number): Promise<number | "moved"> {
    return this.publish(message, { expect: { lastSequence: end } }).catch((error: { code?: number }) => {
      if (wrongSequence.has(error.code ?? 0)) return "moved"
      throw error
    })
  }

  async *read(after: number): AsyncIterable<LogMessage & { readonly position: number }> {
    const end = await this.end()
    if (end <= after) return
    const consumer = await this.manager
      .jetstream()
      .consumers.get(this.stream, { deliver_policy: "by_start_sequence", opt_start_seq: after + 1 })
    try {
      for (let position = after, empty = 0; position < end; ) {
        const before = position
        for await (const message of await consumer.fetch({ max_messages: readAtOnce, expires: readMs })) {
          if (message.seq > end) break
          position = message.seq
          yield { ...described(message), position }
          if (position === end) break
        }
        empty = position === before ? empty + 1 : 0
        if (empty === 3) throw new Error(`the journal could be read to ${position} only, and goes to ${end}`)
      }
    } finally {
      await consumer.delete().catch(() => {})
    }
  }

  async trim(position: number): Promise<void> {
    await this.manager.streams.purge(this.stream, { seq: position })
  }

  private async end(): Promise<number> {
    return (await this.manager.streams.info(this.stream)).state.last_seq
  }

  private async publish(
    { writer, first, part, parts, payload }: LogMessage,
    options: { expect?: { lastSequence: number } },
  ): Promise<number> {
    const about = this.headers()
    about.set("Rivulet-Writer", writer)
    about.set("Rivulet-First", `${first}`)
    about.set("Rivulet-Part", `${part}/${parts}`)
    const done = await this.manager.jetstream().publish(this.subject, payload, { ...options, headers: about, timeout: this.timeoutMs })
    return done.seq
  }
}

function described({ seq, headers, data }: JsMsg): LogMessage {
  const first = Number(headers?.get("Rivulet-First") || Number.NaN)
  const [part = Number.NaN, parts = Number.NaN] = (headers?.get("Rivulet-Part") ?? "").split("/").map(Number)
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(part) || !Number.isSafeInteger(parts))
    throw new Error(`message ${seq} of the journal was not written by a master`)
  return { writer: headers?.get("Rivulet-Writer") ?? "", first, part, parts, payload: data }
}

class NatsLease implements LeaseStore {
  constructor(
    private readonly bucket: KV,
    private readonly timeoutMs: number,
  ) {}

  async look(): Promise<SeenLease | null> {
    const entry = await this.bucket.get(key)
    if (entry === null) return null
    const lease: Lease = entry.operation === "PUT" ? JSON.parse(entry.string()) : noLease
    return { lease, revision: entry.revision }
  }

  async put(lease: Lease, revision: number): Promise<number | "conflict"> {
    try {
      return await this.bucket.put(key, JSON.stringify(lease), { previousSeq: revision, timeout: this.timeoutMs })
    } catch (error) {
      if (wrongSequence.has((error as { code?: number }).code ?? 0)) return "conflict"
      throw error
    }
  }
}

class NatsStandbys implements StandbyStore {
  constructor(
    private readonly manager: JetStreamManager,
    private readonly cluster: string,
    private readonly bucket: KV,
  ) {}

  async say(standby: Standby): Promise<void> {
    await this.bucket.put(keyOf(standby), JSON.stringify(standby))
  }

  async remove(standby: Pick<Standby, "host" | "address">): Promise<void> {
    await this.bucket.delete(keyOf(standby))
  }

  async all(): Promise<readonly SeenStandby[]> {
    const bucket = `RIVULET_${this.cluster}`
    const prefix = `$KV.${bucket}.`
    const { state } = await this.manager.streams.info(`KV_${bucket}`, { subjects_filter: `${prefix}${standbyKey}.*` })
    const entries = await Promise.all(Object.keys(state.subjects ?? {}).map(subject => this.bucket.get(subject.slice(prefix.length))))
    return entries.flatMap(entry =>
      entry?.operation === "PUT" ? [{ standby: JSON.parse(entry.string()) as Standby, revision: entry.revision }] : [],
    )
  }
}

const standbyKey = "standby"
const keyOf = ({ host, address }: Pick<Standby, "host" | "address">) =>
  `${standbyKey}.${Buffer.from(`${host} ${address}`).toString("base64url")}`
