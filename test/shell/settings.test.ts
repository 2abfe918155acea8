/** Settings by files, clusters by name, what the shells' completion offers, and the cell in an editor. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Command, Option } from "commander"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClientCall } from "../../cluster/client/call.js"
import { candidates } from "../../shell/cli/completion.js"
import { parseConfig, profileOf, profiles, setting } from "../../shell/cli/config.js"
import { node } from "../../shell/cli/doctor.js"
import { type MasterOptions, master } from "../../shell/cli/master.js"
import { masterAddress, sessionSettings } from "../../shell/cli/options.js"
import { editedCell } from "../../shell/editor/external.js"
import { ChangeGuard } from "../../shell/host/change-guard.js"
import { checkZone } from "../../shell/host/zone.js"
import { initialShell, reduce } from "../../shell/session.js"

const test = suite("settings")
const directory = mkdtempSync(join(tmpdir(), "rivulet-settings-"))
const before = { cwd: process.cwd(), env: { ...process.env } }

test.before(() => {
  mkdirSync(join(directory, "config", "rivulet"), { recursive: true })
  mkdirSync(join(directory, "work"))
  writeFileSync(
    join(directory, "config", "rivulet", "config.json"),
    JSON.stringify({
      ...{ master: "prod", tz: "Asia/Tokyo", scratchTtl: "2h", collectMax: 7 },
      masters: { prod: { url: "tcp://m1.prod:7077", color: "red", confirm: true }, dev: { url: "tcp://far:1" } },
    }),
  )
  writeFileSync(
    join(directory, "work", "rivulet.json"),
    JSON.stringify({ tz: "UTC", masters: { dev: { url: "tcp://127.0.0.1:7078", key: "dev-me" } } }),
  )
  for (const name of ["RIVULET_KEY", "RIVULET_MASTER", "RIVULET_TZ", "RIVULET_SCRATCH_TTL", "RIVULET_CONFIG"]) delete process.env[name]
  process.env.XDG_CONFIG_HOME = join(directory, "config")
  process.chdir(join(directory, "work"))
})
test.after(() => {
  process.chdir(before.cwd)
  Object.assign(process.env, before.env)
  rmSync(directory, { recursive: true })
})

test("a cluster's key is what a command attaches with, unless the environment names another", () => {
  masterAddress("prod")
  assert.is(process.env.RIVULET_KEY, undefined)
  masterAddress("dev")
  assert.is(process.env.RIVULET_KEY, "dev-me")
  process.env.RIVULET_KEY = "mine"
  masterAddress("dev")
  assert.is(process.env.RIVULET_KEY, "mine")
  delete process.env.RIVULET_KEY
})

test("flag, environment, the directory's file, the user's: the first that says it", () => {
  assert.equal(setting("tz"), { name: "tz", value: "UTC", from: "rivulet.json" })
  assert.is(setting("tz", { ...process.env, RIVULET_TZ: "Europe/Berlin" })?.value, "Europe/Berlin")
  assert.is(setting("scratchTtl")?.value, "2h")
  assert.equal(sessionSettings(), { scratchMs: 7_200_000, collectMax: 7 })
  assert.throws(() => parseConfig('{ "collectMax": "many" }', "x"), /x: collectMax: not a whole number/)
  assert.is(setting("startup"), undefined)
})

test("a master's store: what makes no sense with it, or without, is said before anything is started", async () => {
  const usual = { bind: "tcp://127.0.0.1:0", name: "rivulet", replicas: "2", minReplicas: "1", taskTimeout: "30s" }
  const store = "nats://127.0.0.1:1"
  const table: [Partial<MasterOptions>, RegExp][] = [
    [{ store, dir: "x" }, /--dir and --store exclude each other/],
    [{ dir: "x", lease: "5s" }, /--lease is of a store/],
    [{ dir: "x", storeReplicas: "3" }, /--store-replicas is of a store/],
    [{ dir: "x", begin: true }, /--begin is of a store/],
    [{ store, lease: "100ms" }, /--lease 100ms: too short/],
    [{ store, lease: "soon" }, /--lease soon: not a duration/],
    [{ store, storeReplicas: "0" }, /--store-replicas 0: not a whole number/],
    [{ store: "etcd://a:1" }, /not the address of a NATS server/],
    [{ store, name: "a b" }, /--name a b: .*letters/],
  ]
  for (const [options, expected] of table)
    await master({ ...usual, ...options }).then(
      () => assert.unreachable(`${expected}`),
      (error: { message: string; code: number }) => {
        assert.match(error.message, expected)
        assert.is(error.code, 2)
      },
    )
})

test("a zone is one by whose clocks times are written and read", () => {
  for (const zone of ["UTC", "Europe/Berlin", "Z", "+02:00"]) checkZone(zone, "--tz")
  assert.throws(() => checkZone("Mars/Base", "--tz"), /--tz Mars\/Base: no such time zone/)
})

test("a cluster has a name: -m takes it, and the setting's where there is none", () => {
  assert.is(masterAddress("dev"), "tcp://127.0.0.1:7078")
  assert.is(masterAddress(undefined), "tcp://m1.prod:7077")
  assert.is(masterAddress("other:7077"), "tcp://other:7077")
  assert.is(masterAddress("a:7077, tcp://b:7078,tcp://[::1]:1"), "tcp://a:7077,tcp://b:7078,tcp://[::1]:1")
  assert.throws(() => masterAddress("tcp://a:7077,stage"), /neither an address nor a cluster's name/)
  assert.throws(() => masterAddress("tcp://a:7077,"), /neither an address nor a cluster's name/)
  assert.throws(
    () => masterAddress("stage"),
    (error: { message: string; try: string; code: number }) => {
      return error.code === 3 && /stage: no cluster has that name/.test(error.message) && /dev, prod/.test(error.try)
    },
  )
  assert.equal(profileOf("prod"), {
    name: "prod",
    url: "tcp://m1.prod:7077",
    color: "red",
    confirm: true,
    from: join(directory, "config/rivulet/config.json"),
  })
  assert.equal(
    profiles().map(({ name }) => name),
    ["dev", "prod"],
  )
})

test("a setting that nobody would obey is an error that names it", () => {
  for (const [text, says] of [
    ["{", /f\.json: no JSON/],
    ["[]", /no object/],
    ['{"colour":"red"}', /no setting colour/],
    ['{"tz":1}', /tz: not a text/],
    ['{"masters":{"a":{}}}', /masters\.a: no url/],
    ['{"masters":{"a":{"url":"x","color":"pink"}}}', /no color pink/],
    ['{"masters":{"a":{"url":"x","kee":"k"}}}', /masters\.a: no setting kee/],
    ['{"masters":{"a":{"url":"x","key":"../k"}}}', /masters\.a: key is the name of one/],
    ['{"masters":{"a b":{"url":"x"}}}', /"a b" is no name/],
  ] as const)
    assert.throws(
      () => parseConfig(text, "f.json"),
      (error: { message: string; code: number }) => error.code === 2 && says.test(error.message),
    )
})

test("completion: commands, flags, formats, clusters, streams", async () => {
  const program = new Command("rivulet")
  program.command("why").argument("<stream>").addOption(new Option("-m, --master <name>")).addOption(new Option("-o <format>"))
  program.command("worker").option("--cores <n>")
  program.command("keys").command("new")
  program.command("__complete", { hidden: true })
  const asked: (string | undefined)[] = []
  const offer = (...words: string[]) =>
    candidates(words, program, async master => {
      asked.push(master)
      return ["counts", "ann/counts", "views"]
    })
  assert.equal(await offer("w"), ["why", "worker"])
  assert.equal(await offer(""), ["keys", "why", "worker"])
  assert.equal(await offer("keys", ""), ["new"])
  assert.equal(await offer("why", "--"), ["--master"])
  assert.equal(await offer("why", "-m", "p"), ["prod"])
  assert.equal(await offer("why", "-o", "n"), ["ndjson"])
  assert.equal(await offer("why", "c"), ["counts"])
  assert.equal(await offer("why", "-m", "dev", ""), ["ann/counts", "counts", "views"])
  assert.equal(await offer("worker", ""), [])
  assert.equal(asked, [undefined, "dev"])
})

test("a Node that is too old is said to be", () => {
  assert.is(node("20.19.0").advice, undefined)
  assert.is(node("24.1.0").advice, undefined)
  assert.match(node("20.18.9").advice ?? "", /20\.19/)
})

test("what changes a protected cluster is refused until the same cell comes again, however it is written", async () => {
  const asked: string[] = []
  const guard = new ChangeGuard("prod")
  const calls = guard.over({
    call: async call => {
      if (call.kind === "request") asked.push(call.body.kind)
      return { value: null, payload: [] }
    },
    onPush: () => () => {},
    now: () => 0,
    close: async () => {},
  })
  const stop = { kind: "request", body: { kind: "stop", streams: ["a"], cascade: false, by: "ann", force: false } } as const
  const run = async (cell: string, body: ClientCall = stop) => {
    guard.begin(cell)
    const said = await calls.call(body).then(
      () => "done",
      (error: { message: string; code: number }) => `${error.code} ${error.message}`,
    )
    guard.end()
    return said
  }
  assert.is(await run("views.stop()"), "4 this changes prod")
  assert.is(await run("counts.stop()"), "4 this changes prod", "another cell is no yes")
  assert.is(await run("counts.stop()"), "done")
  assert.is(await run("counts.stop()"), "4 this changes prod", "each time anew")
  assert.is(await run("views", { kind: "request", body: { kind: "catalog" } }), "done")
  assert.is(await run("counts.stop()"), "4 this changes prod", "what was asked between takes the yes back")
  assert.is(await run("counts.stop()"), "done")
  assert.is(await calls.call(stop).catch((error: Error) => error.message), "this changes prod", "what a cell left behind")
  assert.equal(asked, ["stop", "catalog", "stop"])
})

test("Ctrl-X Ctrl-E is the cell in an editor; Ctrl-X and another key is that key", () => {
  const key = (name: string) => ({ kind: "input", event: { kind: "key", key: name } }) as const
  const typed = reduce(initialShell("> ", 80, 24), { kind: "input", event: { kind: "text", text: "ab" } }).state
  const chord = reduce(typed, key("ctrl-x")).state
  assert.equal(reduce(chord, key("ctrl-e")).effects, [{ kind: "edit", text: "ab" }])
  assert.is(reduce(chord, key("ctrl-a")).state.buffer.cursor, 0)
  assert.is(reduce(chord, { kind: "edited", text: "a\nb" }).state.buffer.text, "a\nb")
})

test("an editor's text comes back; one that fails has changed nothing", async () => {
  assert.equal(await editedCell("a", "printf 'const b = 1\\r\\nb\\n' >"), { kind: "edited", text: "const b = 1\nb" })
  const failed = await editedCell("a", "false")
  assert.match(failed.kind === "print" ? failed.lines[0]!.text : "", /ended with 1; the cell is as it was/)
})

test.run()
