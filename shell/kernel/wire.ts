/**
 * Jupyter's messages as ZeroMQ frames (messaging protocol 5.3): identities of the way back, a delimiter, a signature, and four parts of
 * JSON. Who does not know the connection file's key cannot sign; what is not signed is dropped.
 */
import { createHmac, timingSafeEqual } from "node:crypto"

export interface Header {
  readonly msg_id: string
  readonly msg_type: string
  readonly session: string
  readonly username: string
  readonly date: string
  readonly version: string
}

export interface Message {
  /** The way back, as a Router gives it; for a published message its topic. */
  readonly identities: readonly Buffer[]
  readonly header: Header
  /** Of what this answers; empty when it answers nothing. */
  readonly parent: Header | Record<string, never>
  readonly metadata: Readonly<Record<string, unknown>>
  readonly content: Readonly<Record<string, unknown>>
}

const delimiter = Buffer.from("<IDS|MSG>")

export class Wire {
  /** `key`: the connection file's; empty: nothing is signed. */
  constructor(private readonly key: string) {}

  /** Null for what is no message, or is not signed with the key. */
  read(frames: readonly Buffer[]): Message | null {
    const at = frames.findIndex(frame => frame.equals(delimiter))
    const [signature, ...parts] = frames.slice(at + 1)
    if (at < 0 || signature === undefined || parts.length < 4) return null
    const signed = Buffer.from(this.sign(parts.slice(0, 4)))
    if (signed.length !== signature.length || !timingSafeEqual(signed, signature)) return null
    try {
      const [header, parent, metadata, content] = parts.slice(0, 4).map(part => JSON.parse(part.toString("utf8")))
      if (typeof header?.msg_type !== "string" || typeof header.msg_id !== "string" || typeof content !== "object") return null
      return { identities: frames.slice(0, at), header, parent, metadata, content: content ?? {} }
    } catch {
      return null
    }
  }

  write({ identities, header, parent, metadata, content }: Message): Buffer[] {
    const parts = [header, parent, metadata, content].map(part => Buffer.from(JSON.stringify(part)))
    return [...identities, delimiter, Buffer.from(this.sign(parts)), ...parts]
  }

  private sign(parts: readonly Buffer[]): string {
    if (this.key === "") return ""
    const hmac = createHmac("sha256", this.key)
    for (const part of parts) hmac.update(part)
    return hmac.digest("hex")
  }
}
