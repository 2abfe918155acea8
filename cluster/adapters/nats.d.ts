/**
 * Of the NATS packages, what is used. They have types of their own; these keep a checkout without them type-checking, since only who
 * runs several masters loads them.
 */

declare module "@nats-io/transport-node" {
  export interface NatsConnection {
    readonly info?: { readonly max_payload: number; readonly cluster?: string; readonly version: string }
    close(): Promise<void>
  }
  export interface MsgHdrs {
    get(name: string): string
    set(name: string, value: string): void
  }
  export function headers(): MsgHdrs
  export interface ConnectOptions {
    readonly servers: readonly string[]
    readonly name?: string
    readonly timeout?: number
    readonly maxReconnectAttempts?: number
    readonly reconnectTimeWait?: number
    readonly user?: string
    readonly pass?: string
    readonly token?: string
    readonly authenticator?: unknown
    readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string }
  }
  export function connect(options: ConnectOptions): Promise<NatsConnection>
  export function credsAuthenticator(creds: Uint8Array): unknown
  export function nkeyAuthenticator(seed: Uint8Array): unknown
}

declare module "@nats-io/jetstream" {
  import type { MsgHdrs, NatsConnection } from "@nats-io/transport-node"
  export interface StreamConfig {
    readonly name: string
    readonly subjects: readonly string[]
    readonly num_replicas: number
    readonly retention: "limits"
    readonly storage: "file"
    readonly discard: "new"
    readonly description: string
  }
  export interface StreamInfo {
    readonly config: StreamConfig
    readonly state: { readonly first_seq: number; readonly last_seq: number; readonly subjects?: Readonly<Record<string, number>> }
  }
  export interface JsMsg {
    readonly seq: number
    readonly data: Uint8Array
    readonly headers?: MsgHdrs
  }
  export interface Consumer {
    fetch(options: { readonly max_messages: number; readonly expires: number }): Promise<AsyncIterable<JsMsg>>
    delete(): Promise<boolean>
  }
  export interface JetStreamClient {
    publish(
      subject: string,
      payload: Uint8Array,
      options?: { readonly headers?: MsgHdrs; readonly expect?: { readonly lastSequence?: number }; readonly timeout?: number },
    ): Promise<{ readonly seq: number }>
    readonly consumers: {
      get(stream: string, options: { readonly deliver_policy: "by_start_sequence"; readonly opt_start_seq: number }): Promise<Consumer>
    }
  }
  export interface JetStreamManager {
    jetstream(): JetStreamClient
    readonly streams: {
      add(config: StreamConfig): Promise<StreamInfo>
      update(name: string, config: Partial<StreamConfig>): Promise<StreamInfo>
      info(name: string, options?: { readonly subjects_filter: string }): Promise<StreamInfo>
      names(subject: string): AsyncIterable<string>
      purge(name: string, options: { readonly seq: number }): Promise<unknown>
    }
  }
  export function jetstreamManager(connection: NatsConnection, options: { readonly timeout: number }): Promise<JetStreamManager>
}

declare module "@nats-io/kv" {
  import type { JetStreamClient } from "@nats-io/jetstream"
  export interface KvEntry {
    readonly revision: number
    readonly operation: "PUT" | "DEL" | "PURGE"
    string(): string
  }
  export interface KV {
    get(key: string): Promise<KvEntry | null>
    put(key: string, value: string, options?: { readonly previousSeq: number; readonly timeout: number }): Promise<number>
    delete(key: string): Promise<void>
  }
  export class Kvm {
    constructor(client: JetStreamClient)
    create(bucket: string, options: { readonly replicas: number; readonly history: number; readonly description: string }): Promise<KV>
  }
}
