/** What workers read from the network: connections to `tcp://host:port`, answers of `http(s)://`. Read when asked, a chunk at a time. */

import { request as httpRequest, type IncomingMessage } from "node:http"
import { request as httpsRequest } from "node:https"
import { connect } from "node:net"
import { pipeline, type Readable } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib"
import type { NodeEvent } from "../ports.js"

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

export class LineSources {
  readonly #onEvent: (event: NodeEvent) => void
  readonly #open = new Map<string, Open>()

  constructor(onEvent: (event: NodeEvent) => void) {
    this.#onEvent = onEvent
  }

  open(source: string, url: string): void {
    if (url.startsWith("tcp:")) this.#tcp(source, new URL(url))
    else this.#http(source, new URL(url))
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
      this.#flowing(source, open, socket, false, false)
    })
    socket.once("error", error => {
      clearTimeout(timer)
      this.#closed(source, error.message, false)
    })
  }

  #http(source: string, url: URL, redirects = 0): void {
    const headers = { accept: "application/x-ndjson, text/event-stream, text/plain, */*", "user-agent": "rivulet" }
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
          this.#http(source, next, redirects + 1)
          return
        }
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
      this.#flowing(source, open, lines as Readable, events, sent["content-length"] !== undefined)
    })
    request.end()
  }

  /** `bounded`: it says how long it is, so that its end is the end. */
  #flowing(source: string, open: Open, stream: Readable, events: boolean, bounded: boolean): void {
    if (this.#open.get(source) !== open) return
    open.stream = stream
    stream.on("readable", () => this.#give(source, open))
    stream.once("end", () => this.#closed(source, null, bounded))
    stream.once("error", error => this.#closed(source, error.message, false))
    stream.once("close", () => this.#closed(source, "it was broken off", false))
    this.#onEvent({ kind: "sourceOpened", source, events })
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
