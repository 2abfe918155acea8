/** What a monitor reads: OpenMetrics text of what the master knows, over HTTP on this machine. */

import net from "node:net"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { MetricsServer } from "../../cluster/adapters/metrics-server.js"
import { startCandidate } from "../../cluster/master/candidate.js"
import { RivuletError } from "../../engine/errors.js"
import { counts, definition, Harness, input } from "./harness.js"

const test = suite("metrics")

function metricsOf(h: Harness): string {
  const commands = h.master.step({ kind: "call", call: 1 }, { monotonicMs: h.nowMs, wallMs: 1_700_000_000_000 + h.nowMs })
  const answer = commands.find(command => command.kind === "answer")
  return answer?.kind === "answer" ? (answer.value as string) : ""
}

function sample(text: string, name: string): number {
  const line = text.split("\n").find(one => one.startsWith(`${name} `))
  return line === undefined ? Number.NaN : Number(line.slice(name.length + 1))
}

test("intervals, records, workers and questions are counted as they happen", () => {
  const h = new Harness()
  const [w1, w2] = [h.join(1), h.join(2)]
  h.define(definition("views", input()), definition("counts", counts("views")))
  h.advance(1_000)
  const before = metricsOf(h)
  for (let seq = 1; seq <= 3; seq++) {
    h.report(seq % 2 === 0 ? w1 : w2, h.batch(seq % 2 === 0 ? w1 : w2, seq))
    h.advance(1_000)
  }
  h.advance(2_000)
  const text = metricsOf(h)
  const stream = '{stream="p/counts"}'
  assert.is(sample(text, 'rivulet_records_total{stream="p/views"}'), 300)
  assert.is(sample(text, 'rivulet_input_bytes_total{stream="p/views"}'), 3_000)
  const intervals = sample(text, `rivulet_intervals_total${stream}`)
  assert.ok(intervals >= 3 && !(sample(before, `rivulet_intervals_total${stream}`) >= intervals), String(intervals))
  assert.is(sample(text, 'rivulet_job_seconds_bucket{stream="p/counts",le="+Inf"}'), intervals)
  assert.is(sample(text, `rivulet_job_seconds_count${stream}`), intervals)
  assert.is(sample(text, `rivulet_held${stream}`), 0)
  assert.is(sample(text, 'rivulet_workers{state="up"}'), 2)
  assert.is(sample(text, "rivulet_queries_running"), 0)
})

test("the text is OpenMetrics: each family once with its type, each sample below its family, numbers, an end", () => {
  const h = new Harness()
  h.join(1)
  h.define(definition("views", input()), definition('odd"name', counts("views")))
  h.advance(3_000)
  const lines = metricsOf(h).split("\n")
  assert.equal(lines.slice(-2), ["# EOF", ""])
  const seen = new Set<string>()
  let family = ""
  for (const line of lines.slice(0, -2)) {
    const [, kind, name = ""] = /^# (TYPE|UNIT|HELP) (\w+) /.exec(line) ?? []
    if (kind === "TYPE") {
      assert.not(seen.has(name), name)
      seen.add(name)
      family = name
    } else if (kind !== undefined) assert.is(name, family)
    else
      assert.match(
        line,
        new RegExp(
          `^${family}(_total|_bucket|_sum|_count)?(\\{\\w+="([^"\\\\\\n]|\\\\.)*"(,\\w+="([^"\\\\\\n]|\\\\.)*")*\\})? -?[\\d.e+-]+$`,
        ),
      )
  }
  assert.ok(seen.size > 12)
})

test("over HTTP: the text with its type, 404 elsewhere, 405 for what is no question, 503 as long as nobody can say", async () => {
  const server = await MetricsServer.listen("0")
  const at = (path: string, method = "GET") => fetch(`http://127.0.0.1:${server.port}${path}`, { method })
  assert.is((await at("/metrics")).status, 503)
  server.serve(call => server.answered(call, "rivulet 1\n# EOF\n"))
  const answer = await at("/metrics")
  assert.equal([answer.status, await answer.text()], [200, "rivulet 1\n# EOF\n"])
  assert.match(answer.headers.get("content-type")!, /^application\/openmetrics-text; version=1\.0\.0/)
  assert.equal([(await at("/")).status, (await at("/metrics", "POST")).status], [404, 405])
  const taken = await MetricsServer.listen(String(server.port)).catch((error: unknown) => error)
  assert.ok(taken instanceof RivuletError && taken.code === 2)
  await server.close()
})

test("each question gets its own answer, whatever became of those before it", async () => {
  const server = await MetricsServer.listen("0")
  const get = async () => {
    const response = await fetch(server.url)
    return [response.status, await response.text()]
  }
  let asked: ((call: number) => void) | null = null
  server.serve(() => {
    throw new Error("it cannot say")
  })
  assert.is((await get())[0], 503)
  const firstAsked = new Promise<number>(resolve => {
    asked = resolve
  })
  server.serve(call => asked?.(call))
  const first = get()
  const lost = await firstAsked
  server.serve(call => server.answered(call, `${call}`))
  assert.equal(await get(), [200, `${lost + 1}`])
  server.answered(lost, "late")
  server.answered(lost, "twice")
  assert.equal(await first, [200, "late"])
  await server.close()
})

test("an error of the listening socket ends nothing, and is said", async () => {
  const { listen } = net.Server.prototype
  let socket: net.Server | null = null
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]) {
    socket = this
    return Reflect.apply(listen, this, args) as net.Server
  } as typeof listen
  const said: string[] = []
  const server = await MetricsServer.listen("0", (level, text) => said.push(`${level} ${text}`))
  net.Server.prototype.listen = listen
  for (let time = 0; time < 2; time++) (socket as net.Server | null)?.emit("error", new Error("accept EMFILE"))
  assert.equal(said, ["warn metrics: accept EMFILE", "warn metrics: accept EMFILE"])
  assert.is((await fetch(server.url)).status, 503)
  await server.close()
})

for (const [address, shown] of [
  ["0", "127.0.0.1"],
  ["localhost:0", "localhost"],
  ["127.0.0.2:0", "127.0.0.2"],
  ["[::1]:0", "[::1]"],
] as const)
  test(`what is shown of ${address} is where it answers`, async () => {
    const server = await MetricsServer.listen(address).catch((error: RivuletError) => error)
    // Not every machine has the newer protocol.
    if (!(server instanceof MetricsServer)) return assert.ok(address.includes("::1"), server.message)
    assert.is(server.url, `http://${shown}:${server.port}/metrics`)
    assert.is((await fetch(server.url)).status, 503)
    await server.close()
  })

test("a master whose store does not answer leaves the port free", async () => {
  const free = await MetricsServer.listen("0")
  const metrics = String(free.port)
  await free.close()
  const bind = "tcp://127.0.0.1:0"
  const started = await startCandidate({ bind, metrics, store: "nats://127.0.0.1:1", say: () => {}, ownsProcess: false }).catch(
    (error: unknown) => error,
  )
  assert.ok(started instanceof RivuletError && started.code === 3, String(started))
  await (await MetricsServer.listen(metrics)).close()
})

for (const address of ["0.0.0.0:9090", "10.0.0.1:9090", "x", "70000", ""])
  test(`${JSON.stringify(address)} is no address of this machine alone`, async () => {
    const error = await MetricsServer.listen(address).catch((error: unknown) => error)
    assert.ok(error instanceof RivuletError && error.code === 2)
  })

test.run()
