/**
 * Which key a peer came with. The problem: ZeroMQ admits a connection by its key, but does not say by which of them a message came;
 * a peer's routing id is whatever it likes to be called. The solution: on a node with keys a routing id is the peer's name, its public key,
 * and a code that only whoever has the secret half, and the node itself, can make (both halves of two pairs give the same X25519
 * secret). Nobody can take another's id, for nobody else hears of it.
 */

import { createHmac, createPrivateKey, createPublicKey, diffieHellman } from "node:crypto"

/** A node's or a user's own keys, base64url. */
export interface KeyPair {
  readonly publicKey: string
  readonly secretKey: string
}

/** How a peer's key is admitted. */
export interface Admission {
  /** Whose it is. */
  readonly label: string
  /** It may ask, and change nothing. */
  readonly readOnly: boolean
}

export interface Credential {
  readonly name: string
  readonly publicKey: string
}

/** Of a peer called `name`, for the node whose public key is `node`. */
export function routingIdFor(name: string, own: KeyPair, node: string): string {
  return `${name}|${own.publicKey}|${codeOf(name, own, node)}`
}

/** Null: it is not the id of whoever has that key. */
export function readRoutingId(id: string, own: KeyPair): Credential | null {
  const [, name, publicKey, code] = /^([\w.-]{1,100})\|([\w-]{43})\|([\w-]{43})$/.exec(id) ?? []
  if (name === undefined || publicKey === undefined) return null
  try {
    return codeOf(name, own, publicKey) === code ? { name, publicKey } : null
  } catch {
    // No point of the curve.
    return null
  }
}

function codeOf(name: string, { publicKey, secretKey }: KeyPair, other: string): string {
  const curve = { kty: "OKP", crv: "X25519" }
  const secret = diffieHellman({
    privateKey: createPrivateKey({ key: { ...curve, x: publicKey, d: secretKey }, format: "jwk" }),
    publicKey: createPublicKey({ key: { ...curve, x: other }, format: "jwk" }),
  })
  return createHmac("sha256", secret).update(`rivulet node ${name}`).digest("base64url")
}
