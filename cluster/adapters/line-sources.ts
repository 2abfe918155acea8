/** What workers read from the network: connections to `tcp://host:port`, answers of `http(s)://`. Read when asked, a chunk at a time. */

import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http"
import { request as httpsRequest } from "node:https"
import { connect } from "node:net"
import { pipeline, type Readable } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib"
import type { NodeEvent, SourcePlace } from "../ports.js"

/** No connection, or no answer, for so long: it is given up. */
const patienceMs = 10_000
const mostRedirects = 5

/** What was not asked for is unpacked nevertheless: its bytes are no lines. */
const unpacked: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

interface Open {
  readonly end: () => void
  stream: Readable | null
  asked: boolean
}

interface Answer {
  readonly events: boolean
  /** It says how long it is, so that its end is the end. */
  readonly bounded: boolean
  readonly from?: number
  readonly validator?: string | null
}

export class LineSources {
  readonly #onEvent: (event: NodeEvent) => void
  readonly #open = new Map<string, Open>()

  constructor(onEvent: (event: NodeEvent) => void) {
    this.#onEvent = onEvent
  }

  open(source: string, url: string, place?: SourcePlace): void {
    if (url.startsWith("tcp:")) this.#tcp(source, new URL(url))
    else this.#http(source, new URL(url), place)
  }

  /** One more chunk is wanted. */
  pull(source: string): void {
    const open = this.#open.get(source)
    if (open === undefined) return
    open.asked = true
    this.#give(source, open)
  }

  close(source: string): void {
    const open = this.#open.get(source)
    this.#open.delete(source)
    open?.end()
  }

  closeAll(): void {
    for (const source of [...this.#open.keys()]) this.close(source)
  }

  #tcp(source: string, { hostname, port }: URL): void {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port), keepAlive: true })
    const open: Open = { end: () => socket.destroy(), stream: null, asked: false }
    this.#open.set(source, open)
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${patienceMs / 1000} s`)), patienceMs)
    socket.once("connect", () => {
      clearTimeout(timer)
      this.#flowing(source, open, socket, { events: false, bounded: false })
    })
    socket.once("error", error => {
      clearTimeout(timer)
      this.#closed(source, error.message, false)
    })
  }

  #http(source: string, url: URL, place: SourcePlace | undefined, redirects = 0): void {
    const headers = {
      ...{ accept: "application/x-ndjson, text/event-stream, text/plain, */*", "user-agent": "rivulet" },
      ...(place !== undefined && goingOn(place)),
    }
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, { headers, timeout: patienceMs })
    const open: Open = { end: () => request.destroy(), stream: null, asked: false }
    this.#open.set(source, open)
    const late = () => request.destroy(new Error(`no answer within ${patienceMs / 1000} s`))
    request.once("timeout", late)
    request.once("error", error => {
      // Of an answer that sent us elsewhere the end is no end.
      if (this.#open.get(source) === open) this.#closed(source, error.message, false)
    })
    request.once("response", (response: IncomingMessage) => {
      // From now on silence is no fault: a source may have nothing to say.
      request.off("timeout", late)
      request.setTimeout(0)
      const { statusCode = 0, statusMessage = "", headers: sent } = response
      if (statusCode >= 300 && sent.location !== undefined && redirects < mostRedirects && URL.canParse(sent.location, url.href)) {
        response.resume()
        const next = new URL(sent.location, url)
        if (/^https?:$/.test(next.protocol) && this.#open.get(source) === open) {
          open.end()
          this.#http(source, next, place, redirects + 1)
          return
        }
      }
      const asked = place !== undefined && "offset" in place ? place.offset : 0
      if (statusCode === 416 && sent["content-range"] === `bytes */${asked}`) {
        // It had broken off after its last byte.
        this.#closed(source, null, true)
        request.destroy()
        return
      }
      const from = sent["content-range"]?.startsWith(`bytes ${asked}-`) === true ? asked : null
      if (place !== undefined && (statusCode === 416 || (statusCode === 206 && from === null))) {
        // Of that part it has nothing to give.
        open.end()
        if (this.#open.get(source) === open) this.#http(source, url, undefined, redirects)
        return
      }
      if (statusCode < 200 || statusCode > 299) {
        this.#closed(source, `it answers ${statusCode} ${statusMessage}`.trim(), false)
        request.destroy()
        return
      }
      const events = sent["content-type"]?.startsWith("text/event-stream") === true
      const encoding = sent["content-encoding"]?.trim().toLowerCase() ?? "identity"
      const unpack = unpacked[encoding]
      if (unpack === undefined && encoding !== "identity" && encoding !== "") {
        this.#closed(source, `it answers in the encoding ${encoding}, which cannot be read`, false)
        return
      }
      const lines = unpack === undefined ? response : pipeline(response, unpack(), () => {})
      const validator = unpack === undefined && sent["accept-ranges"] !== "none" ? validatorOf(sent) : null
      const bounded = sent["content-length"] !== undefined
      this.#flowing(source, open, lines as Readable, { events, bounded, from: statusCode === 206 ? (from ?? 0) : 0, validator })
    })
    request.end()
  }

  #flowing(source: string, open: Open, stream: Readable, { events, bounded, from = 0, validator = null }: Answer): void {
    if (this.#open.get(source) !== open) return
    open.stream = stream
    stream.on("readable", () => this.#give(source, open))
    stream.once("end", () => this.#closed(source, null, bounded))
    stream.once("error", error => this.#closed(source, error.message, false))
    stream.once("close", () => this.#closed(source, "it was broken off", false))
    this.#onEvent({ kind: "sourceOpened", source, events, from, validator })
  }

  #give(source: string, open: Open): void {
    if (!open.asked || open.stream === null) return
    const chunk = open.stream.read() as Buffer | null
    if (chunk === null) return
    open.asked = false
    this.#onEvent({ kind: "sourceBytes", source, bytes: chunk })
  }

  #closed(source: string, error: string | null, over: boolean): void {
    const open = this.#open.get(source)
    if (open === undefined) return
    this.#open.delete(source)
    open.end()
    this.#onEvent({ kind: "sourceClosed", source, error, over })
  }
}

function goingOn(place: SourcePlace): Record<string, string> {
  return "lastEvent" in place
    ? { "last-event-id": place.lastEvent }
    : { range: `bytes=${place.offset}-`, "if-range": place.validator, "accept-encoding": "identity" }
}

/** By which a server can say that a part is of the same whole: a strong ETag, or a date. */
function validatorOf({ etag, "last-modified": modified }: IncomingHttpHeaders): string | null {
  return etag !== undefined && !etag.startsWith("W/") ? etag : (modified ?? null)
}
