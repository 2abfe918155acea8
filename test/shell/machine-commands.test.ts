/** The commands about this machine, by real processes: a cluster that outlives shells, what is wrong here, settings, completion. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { freePort } from "../../scripts/free-port.js"
import { moduleArguments } from "../../scripts/places.js"
import { type Ran, rivulet as run } from "./checks-kit.js"

const test = suite("commands about this machine")
const directory = mkdtempSync(join(tmpdir(), "rivulet-machine-"))
const env = {
  ...{ HOME: directory, XDG_STATE_HOME: join(directory, "state"), XDG_CONFIG_HOME: join(directory, "config"), USER: "ann" },
  ...{ RIVULET_MASTER: "", RIVULET_TZ: "", RIVULET_CONFIG: undefined, RIVULET_KEY: "" },
}
const rivulet = (...args: string[]): Promise<Ran> => run(args, { env })
const started = join(directory, "state", "rivulet", "up", "started.json")
const pids = (): number[] => JSON.parse(readFileSync(started, "utf8")).pids
const alive = (pid: number) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))

test.before(() => {
  mkdirSync(join(directory, "config", "rivulet"), { recursive: true })
})
test.after(async () => {
  if (existsSync(started)) await rivulet("down")
  rmSync(directory, { recursive: true, force: true })
})

test("up: a cluster that goes on when the command has ended, is found by name, looked at by doctor, completed from; down ends it all", async () => {
  const port = await freePort()
  const up = await rivulet("up", "--workers", "1", "--port", String(port))
  const address = `tcp://127.0.0.1:${port}`
  assert.equal([up.code, up.out], [0, `${address}\n`], up.err)
  assert.match(up.err, /a master and 1 worker are up: .*rivulet down ends them/)
  const processes = pids()
  assert.is(processes.length, 2)
  writeFileSync(
    join(directory, "config", "rivulet", "config.json"),
    JSON.stringify({ master: "here", tz: "Asia/Tokyo", masters: { here: { url: address, color: "green", confirm: true } } }),
  )

  const [again, defined, doctor, config] = await Promise.all([
    rivulet("up", "--port", String(port)),
    rivulet("query", 'const views = readStream("views", "1s")\nprocess.env.NO_COLOR', "--no-color"),
    rivulet("doctor"),
    rivulet("config"),
  ])
  const elsewhere = await run(["status"], {
    env: { ...env, XDG_CONFIG_HOME: join(directory, "none"), RIVULET_MASTER: `tcp://127.0.0.1:${await freePort()}` },
  })
  assert.equal(
    [elsewhere.code, elsewhere.err.includes(`try: -m ${address}, where rivulet up has started a cluster`)],
    [3, true],
    elsewhere.err,
  )
  assert.equal([again.code, again.err.includes(`a cluster is up already at ${address}`)], [4, true], again.err)
  assert.equal([defined.code, defined.out], [0, '"1"\n'], defined.err)
  assert.match(doctor.out, /^ok +versions +rivulet \S+ · Node \d/m)
  assert.match(doctor.out, new RegExp(`^ok +master +${address} · 1 workers · \\d+ ms away · clocks \\d+ ms apart`, "m"))
  assert.match(doctor.out, /^ok +settings +\S+config\/rivulet\/config\.json$/m)
  const file = join(directory, "config", "rivulet", "config.json")
  assert.is(config.code, 0)
  assert.match(config.out, new RegExp(`^master +here +${file}$`, "m"))
  assert.match(config.out, new RegExp(`^tz +Asia/Tokyo +${file}$`, "m"))
  assert.match(config.out, /^startup +none +default$/m)
  assert.match(config.out, new RegExp(`^masters.here +${address} green confirm +${file}$`, "m"))

  const [words, refused] = await Promise.all([rivulet("__complete", "--", "why", "v"), rivulet("stop", "views")])
  assert.is(words.out, "views\n")
  assert.equal([refused.code, /needs a yes/.test(refused.err)], [4, true], refused.err)

  process.kill(processes[1]!, "SIGKILL")
  const mended = await rivulet("up", "--port", String(port))
  assert.equal([mended.code, mended.out], [0, `${address}\n`], mended.err)
  assert.match(mended.err, /^w1 started again: a master and 1 worker are up/m)
  const now = pids()
  assert.equal([now.length, now[0] === processes[0], now[1] === processes[1]], [2, true, false])

  const down = await rivulet("down")
  assert.is(down.code, 0, down.err)
  assert.match(down.err, /^ended 2 processes/)
  assert.equal([...processes, ...now].filter(alive), [], "nothing is left")
  const [twice, sick] = await Promise.all([rivulet("down"), rivulet("doctor")])
  assert.equal([twice.code, /no cluster was started here/.test(twice.err)], [2, true], twice.err)
  assert.is(sick.code, 1)
  assert.match(sick.out, /^WRONG {2}master +.*\n +try: /m)
})

test("up where somebody else listens starts nothing, and says so", async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise(resolve => server.once("listening", resolve))
  const { port } = server.address() as { port: number }
  const up = await rivulet("up", "--port", String(port))
  assert.equal([up.code, up.out], [2, ""])
  assert.match(up.err, new RegExp(`127\\.0\\.0\\.1:${port} is in use\ntry: rivulet up --port`))
  assert.not.ok(existsSync(started))
  server.close()
})

test("a settings file that is wrong is named by config and doctor, with what in it", async () => {
  const file = join(directory, "config", "rivulet", "config.json")
  writeFileSync(file, '{ "colour": "red" }')
  const [config, doctor] = await Promise.all([rivulet("config"), rivulet("doctor")])
  assert.is(config.code, 2)
  assert.match(config.err, new RegExp(`${file}: no setting colour\ntry: master`))
  assert.is(doctor.code, 1)
  assert.match(doctor.out, /^WRONG {2}settings +.*no setting colour/m)
  rmSync(file)
})

test("completion: each shell's script; bash itself completes by it", async () => {
  const [bash, zsh, fish, other] = await Promise.all(["bash", "zsh", "fish", "ksh"].map(shell => rivulet("completion", shell)))
  assert.match(zsh!.out, /^#compdef rivulet\n/)
  assert.match(fish!.out, /^complete -c rivulet /)
  assert.is(other!.code, 2)
  const args = moduleArguments("shell/cli/main").map(arg => `'${arg}'`)
  const script = `rivulet() { '${process.execPath}' ${args.join(" ")} "$@"; }
${bash!.out}
COMP_WORDS=(rivulet work); COMP_CWORD=1; _rivulet; echo "$COMP_CWORD: \${COMPREPLY[*]}"
COMP_WORDS=(rivulet worker --ma); COMP_CWORD=2; _rivulet; echo "$COMP_CWORD: \${COMPREPLY[*]}"`
  const { stdout, stderr } = spawnSync("bash", ["-c", script], { env: { ...process.env, ...env }, encoding: "utf8" })
  assert.is(stdout, "1: worker workers\n2: --master\n", stderr)
})

test.run()
