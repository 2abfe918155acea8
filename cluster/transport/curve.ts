/**
 * ZeroMQ's encryption and admission (CURVE and ZAP, ZeroMQ RFCs 26 and 27). A listening socket has a domain; whoever wants in
 * shows a public key, and the domain's gate says whether it is admitted. Keys are 32 bytes: base64url for people and in
 * addresses (safe in a shell and in a URL), Z85 for ZeroMQ.
 */

import { curveKeyPair, Reply } from "zeromq"
import type { Admission, KeyPair } from "./credentials.js"

/** Says whose key it is and what it may, or null: not admitted. */
export type Gate = (publicKey: string) => Admission | null

export interface CurveOptions {
  readonly pair: KeyPair
  /** Only asked where a node listens. A node's own key is always admitted: the nodes of a cluster may share one. */
  readonly gate: Gate
}

export function newKeyPair(): KeyPair {
  for (;;) {
    const pair = curveKeyPair()
    const publicKey = fromZ85(pair.publicKey)
    // It is typed behind `rivulet keys allow`, where a dash begins an option.
    if (!publicKey.startsWith("-")) return { publicKey, secretKey: fromZ85(pair.secretKey) }
  }
}

const z85Digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

/** A key as ZeroMQ's options take it (RFC 32). */
export function toZ85(key: string): string {
  const bytes = Buffer.from(key, "base64url")
  let text = ""
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.readUInt32BE(at)
    for (const power of [85 ** 4, 85 ** 3, 85 ** 2, 85, 1]) text += z85Digits[Math.floor(word / power) % 85]
  }
  return text
}

export function fromZ85(text: string): string {
  const bytes = Buffer.alloc((text.length / 5) * 4)
  for (let at = 0; at < text.length; at += 5) {
    let word = 0
    for (const digit of text.slice(at, at + 5)) word = word * 85 + z85Digits.indexOf(digit)
    bytes.writeUInt32BE(word, (at / 5) * 4)
  }
  return bytes.toString("base64url")
}

/** ZeroMQ asks one socket of the process about all who connect; it lives as long as anyone listens with keys. */
const zapEndpoint = "inproc://zeromq.zap.01"
const gates = new Map<string, { gate: Gate; onRefused: (publicKey: string) => void }>()
let handler: Reply | null = null
let domains = 0

/** Must be called before the listening socket is bound. Gives the socket's domain, and how to end it. */
export async function openGate(gate: Gate, onRefused: (publicKey: string) => void): Promise<{ domain: string; close(): void }> {
  const domain = `rivulet-${++domains}`
  gates.set(domain, { gate, onRefused })
  if (handler === null) {
    const reply = new Reply({ linger: 0 })
    handler = reply
    await reply.bind(zapEndpoint)
    void answer(reply)
  }
  return {
    domain,
    close() {
      gates.delete(domain)
      if (gates.size > 0) return
      handler?.close()
      handler = null
    },
  }
}

async function answer(reply: Reply): Promise<void> {
  while (!reply.closed) {
    try {
      const [version, request, domain, , , mechanism, credentials] = await reply.receive()
      const key = credentials?.toString("base64url") ?? ""
      const entry = gates.get(String(domain))
      const admitted = String(mechanism) === "CURVE" ? (entry?.gate(key) ?? null) : null
      if (admitted === null) entry?.onRefused(key)
      await reply.send([
        version ?? "1.0",
        request ?? "",
        admitted === null ? "400" : "200",
        admitted === null ? "not on the list" : "OK",
        admitted?.label ?? "",
        "",
      ])
    } catch {
      // Closed while waiting, or a request that ZeroMQ itself would not make: the next one counts.
      if (reply.closed) return
    }
  }
}
