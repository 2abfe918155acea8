/** Metrics over HTTP, for monitors of this machine: `GET /metrics`. */

import { createServer, type Server } from "node:http"
import { RivuletError } from "../../engine/errors.js"
import type { Say } from "./log.js"

const contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"
const answerMs = 2_000

export class MetricsServer {
  readonly #server: Server
  readonly #host: string
  /** Null: there is no master in this process yet that could say. */
  #ask: ((call: number) => void) | null = null
  /** Who waits for an answer, by the call's number. */
  readonly #waiting = new Map<number, (text: string) => void>()
  #calls = 0

  private constructor(server: Server, host: string) {
    this.#server = server
    this.#host = host
  }

  /**
   * `9090` or `127.0.0.1:9090`; port 0: any free one. Throws a RivuletError of code 2 for what is no address of this machine alone (nobody is asked for a
   * key here), or is taken.
   */
  static async listen(address: string, say: Say = () => {}): Promise<MetricsServer> {
    const match = /^(?:(127(?:\.\d{1,3}){3}|localhost|\[::1\]):)?(\d{1,5})$/.exec(address)
    if (match === null || Number(match[2]) > 65_535)
      throw new RivuletError(`--metrics ${address}: not a port of this machine`, {
        code: 2,
        try: "--metrics 127.0.0.1:9090; a proxy shows it to others",
      })
    const server = createServer()
    const metrics = new MetricsServer(server, match[1] ?? "127.0.0.1")
    server.on("request", (request, response) => {
      const send = (status: number, text: string, type = "text/plain; charset=utf-8") =>
        response.writeHead(status, { "content-type": type }).end(request.method === "HEAD" ? "" : text)
      if (request.method !== "GET" && request.method !== "HEAD") return void send(405, "GET alone\n")
      if (request.url?.split("?")[0] !== "/metrics") return void send(404, "GET /metrics\n")
      if (metrics.#ask === null) return void send(503, "this master stands by\n")
      metrics.#answer(metrics.#ask).then(
        text => send(200, text, contentType),
        () => send(503, "the master does not answer\n"),
      )
    })
    await new Promise<void>((resolve, reject) => {
      server.once("error", error => reject(new RivuletError(`--metrics ${address}: ${error.message}`, { code: 2, try: "another port" })))
      server.listen(Number(match[2]), metrics.#host.replace(/[[\]]/g, ""), resolve)
    })
    // A connection that cannot be taken is the monitor's trouble alone.
    server.on("error", error => say("warn", `metrics: ${error.message}`))
    // A monitor's connection that stays open keeps no process.
    server.unref()
    return metrics
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }

  get url(): string {
    return `http://${this.#host}:${this.port}/metrics`
  }

  /** From now on this is who says: asked with a number of the call, which `answered` is to name. */
  serve(ask: (call: number) => void): void {
    this.#ask = ask
  }

  /** What nobody waits for any more is thrown away. */
  answered(call: number, text: string): void {
    this.#waiting.get(call)?.(text)
  }

  #answer(ask: (call: number) => void): Promise<string> {
    const call = ++this.#calls
    return new Promise<string>((resolve, reject) => {
      this.#waiting.set(call, resolve)
      setTimeout(reject, answerMs, new Error("no answer")).unref()
      ask(call)
    }).finally(() => this.#waiting.delete(call))
  }

  close(): Promise<void> {
    this.#ask = null
    this.#server.closeAllConnections()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}
