/** `nats://user:password@host:4222,host:4222`: where NATS servers are, and who comes. What the address leaves open the environment says. */

import { readFileSync } from "node:fs"
import type { ConnectOptions } from "@nats-io/transport-node"
import { RivuletError } from "../../engine/errors.js"

export interface NatsAddress {
  /** `host:port` of each. */
  readonly servers: readonly string[]
  readonly user?: string
  readonly password?: string
  /** In place of user and password. */
  readonly token?: string
  readonly tls: boolean
}

const server = /^(?:(nats|tls):\/\/)?(?:([^:@/\s]+)(?::([^@/\s]*))?@)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?\/?$/

/** Throws a RivuletError of code 2 that shows what an address looks like, and no password. */
export function parseNatsAddress(text: string): NatsAddress {
  const wrong = (what: string) =>
    new RivuletError(`--store ${hidden(text)}: ${what}`, { code: 2, try: "--store nats://127.0.0.1:4222, several servers with commas" })
  if (!/^(nats|tls):\/\//.test(text)) throw wrong("not the address of a NATS server")
  let who: Pick<NatsAddress, "user" | "password" | "token"> = {}
  let tls = false
  const servers = text.split(",").map(one => {
    const match = server.exec(one.trim())
    if (match === null || Number(match[5] ?? 1) > 65_535) throw wrong(`"${hidden(one)}" is no address of a server`)
    const [, scheme, user, password, host, port = "4222"] = match
    tls ||= scheme === "tls"
    if (user !== undefined) {
      const name = decodeURIComponent(user)
      who = password === undefined ? { token: name } : { user: name, password: decodeURIComponent(password) }
    }
    return `${host}:${port}`
  })
  return { servers, tls, ...who }
}

/** As people may see it. */
export function shownNatsAddress({ servers, tls }: NatsAddress): string {
  return `${tls ? "tls" : "nats"}://${servers.join(",")}`
}

const hidden = (text: string) => text.replace(/[^/@,\s]*@/g, "…@")

/** How to connect, by the address and by NATS_USER, NATS_PASSWORD, NATS_TOKEN, NATS_CREDS, NATS_NKEY, NATS_CA, NATS_CERT, NATS_KEY, as NATS's own tools read them. */
export async function natsOptions(address: NatsAddress, env: NodeJS.ProcessEnv = process.env): Promise<ConnectOptions> {
  const { credsAuthenticator, nkeyAuthenticator } = await import("@nats-io/transport-node")
  const user = address.user ?? env.NATS_USER
  const token = address.token ?? env.NATS_TOKEN
  const { NATS_CREDS: creds, NATS_NKEY: nkey, NATS_CA: caFile, NATS_CERT: certFile, NATS_KEY: keyFile } = env
  const files = { ...(caFile && { caFile }), ...(certFile && { certFile }), ...(keyFile && { keyFile }) }
  const tls = address.tls || Object.keys(files).length > 0
  const read = (name: string, path: string) => {
    try {
      return readFileSync(path)
    } catch (error) {
      throw new RivuletError(`${name}: ${error instanceof Error ? error.message : String(error)}`, { code: 2, try: `unset ${name}` })
    }
  }
  const who = () => {
    if (address.token !== undefined) return { token: address.token }
    if (address.user !== undefined) return { user: address.user, pass: address.password ?? "" }
    if (creds) return { authenticator: credsAuthenticator(read("NATS_CREDS", creds)) }
    if (nkey) return { authenticator: nkeyAuthenticator(Buffer.from(read("NATS_NKEY", nkey).toString("utf8").trim())) }
    if (user) return { user, pass: env.NATS_PASSWORD ?? "" }
    return token ? { token } : {}
  }
  return { servers: address.servers, ...who(), ...(tls && { tls: files }) }
}
