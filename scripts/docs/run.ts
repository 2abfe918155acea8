/**
 * Runs a page's code blocks as a reader would, in a directory of their own with a copy of the notebooks' fixtures: files are written and
 * type-checked, cells run as a notebook on a simulated cluster, commands in one bash after the other, what is typed at `local>` in a shell
 * of its own cluster, test files by themselves. `rivulet` is this checkout, a master listens on a free port, the home directory is empty.
 */
import { spawn } from "node:child_process"
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import glob from "fast-glob"
import { runNotebooks } from "../../shell/notebook/run.js"
import { checkTypes } from "../../shell/program/check.js"
import { freePort } from "../free-port.js"
import { moduleArguments } from "../places.js"
import { type Block, blocksOf, commandsOf, fileName, typedCells } from "./blocks.js"

const pageLimitMs = 500_000
const separator = "\u001e"
/** Stands for a line when all of a page's commands have run. */
const allDone = -1

/** Breaches as `page:line  what`; empty when all of it runs. */
export async function runPage(root: string, page: string): Promise<string[]> {
  const blocks = blocksOf(readFileSync(join(root, page), "utf8"))
  const directory = mkdtempSync(join(tmpdir(), "rivulet-page-"))
  const at = (block: Block) => `${page}:${block.line}`
  const breaches: string[] = []
  try {
    const place = await prepare(root, directory)
    for (const block of blocks.filter(({ kind }) => kind === "file")) {
      const file = join(directory, fileName(block)!)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `${block.text}\n`)
      if (file.endsWith(".ts")) breaches.push(...checkTypes(file).errors.map(error => `${at(block)}  ${error}`))
    }
    if (blocks.some(({ kind }) => kind === "cell")) breaches.push(...(await runCells(join(root, page))))
    // Of what runs in the background bash says not how it ended.
    for (const block of blocks.filter(({ words }) => words[0] === "sh"))
      for (const { words, line } of commandsOf(block)) {
        if (block.kind !== "shown" && !block.text.split("\n")[line]?.includes("&")) continue
        const wrong = await wrongFlag(place, words)
        if (wrong !== undefined) breaches.push(`${page}:${block.line + 1 + line}  ${wrong}`)
      }
    breaches.push(...(await runCommands(place, page, blocks)))
    for (const block of blocks.filter(({ kind }) => kind === "transcript")) {
      const { code, err } = await run(place, ["rivulet", "shell", "--local", "--demo"], typedCells(block).join("\n"))
      if (code !== 0) breaches.push(`${at(block)}  the shell ended with ${code}: ${err.trim()}`)
    }
    const commands = blocks.filter(({ kind }) => kind === "commands").map(({ text }) => text)
    for (const block of blocks.filter(one => fileName(one)?.endsWith(".ts"))) {
      const name = fileName(block)!
      const isTest = name.endsWith(".test.ts")
      if (!isTest && commands.some(text => text.includes(name))) continue
      const { code, out, err } = await run(place, ["rivulet-module", join(directory, name), ...(isTest ? [] : ["--define"])])
      if (code !== 0) breaches.push(`${at(block)}  the ${isTest ? "test" : "program"} ended with ${code}: ${out}${err}`)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return breaches
}

interface Place {
  readonly directory: string
  readonly env: NodeJS.ProcessEnv
}

async function prepare(root: string, directory: string): Promise<Place> {
  cpSync(join(root, "notebooks"), join(directory, "notebooks"), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"))
  const bin = join(directory, ".bin")
  mkdirSync(bin)
  const port = await freePort()
  const command = (args: readonly string[]) => [process.execPath, ...args].map(word => JSON.stringify(word)).join(" ")
  const script = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const ownUp = `if [ "$1" = up ]; then set -- "$@" --port ${port}; fi`
  const own = `if [ "$1" = master ] && [[ "$*" != *--bind* ]]; then set -- "$@" --bind tcp://127.0.0.1:${port}; fi`
  const binary = isBuilt(root) ? [join(root, built)] : moduleArguments("shell/cli/main")
  script("rivulet", `${own}\n${ownUp}\nexec ${command(binary)} "$@"`)
  script("npx", 'shift; exec rivulet "$@"')
  script("rivulet-module", `exec ${command(moduleArguments("scripts/docs/module"))} "$@"`)
  return {
    directory,
    env: {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      HOME: directory,
      XDG_CONFIG_HOME: undefined,
      XDG_STATE_HOME: undefined,
      RIVULET_MASTER: `tcp://127.0.0.1:${port}`,
      NO_COLOR: "1",
    },
  }
}

const built = "dist/shell/cli/main.js"

/** dist/ is of these sources: what is bundled there starts faster. */
function isBuilt(root: string): boolean {
  const builtMs = statSync(join(root, built), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = glob.sync(["engine/**/*.ts", "cluster/**/*.ts", "shell/**/*.{ts,tsx}"], { cwd: root, stats: true })
  return sources.every(({ stats }) => stats!.mtimeMs < builtMs)
}

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** In a process group of its own, which ends with its leader: what a page starts in the background does not outlive it. */
function run({ directory, env }: Place, [command, ...args]: readonly string[], input = ""): Promise<Ran> {
  const child = spawn(command!, args, { cwd: directory, env, detached: true, stdio: ["pipe", "pipe", "pipe"] })
  let [out, err] = ["", ""]
  child.stdout.on("data", chunk => {
    out += String(chunk)
  })
  child.stderr.on("data", chunk => {
    err += String(chunk)
  })
  child.stdin.on("error", () => {})
  child.stdin.end(input)
  const end = (): void => {
    try {
      process.kill(-child.pid!, "SIGKILL")
    } catch {
      // it has ended
    }
  }
  const limit = setTimeout(() => {
    err += `\nnot done within ${pageLimitMs / 1000} s`
    end()
  }, pageLimitMs)
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", end)
    child.once("close", code => {
      clearTimeout(limit)
      resolve({ code, out, err })
    })
  })
}

async function runCells(file: string): Promise<string[]> {
  const said: string[] = []
  const nothing = { update: false, settings: {}, kills: [], annotate: false, write: () => {} }
  const code = await runNotebooks([file], { ...nothing, check: true, warn: text => said.push(text.trimEnd()) })
  return code === 0 ? [] : [said.join("\n")]
}

/** All of a page's in one bash, so that what one starts in the background is there for the next. */
async function runCommands(place: Place, page: string, blocks: readonly Block[]): Promise<string[]> {
  const commands = blocks.filter(({ kind }) => kind === "commands")
  if (commands.length === 0) return []
  const script = commands.map(block => {
    const ready = /rivulet master/.test(block.text) ? "\nuntil rivulet status >/dev/null 2>&1; do sleep 0.2; done" : ""
    // Of `a && b` bash forgives a; what one block has set is not the next one's.
    const begin = `set -euo pipefail\nprintf '\\x1e%s\\n' ${block.line}\nprintf '\\x1e%s\\n' ${block.line} >&2`
    return `${begin}\n${block.text}\n(exit $?) || exit $?${ready}`
  })
  script.push(`printf '\\x1e${allDone}\\n'`)
  const { code, out, err } = await run(place, ["bash", "-c", script.join("\n")])
  // It outlives who began it, as it should; not the page.
  if (commands.some(({ text }) => text.includes("rivulet up"))) await run(place, ["bash", "-c", "rivulet down"])
  const outputs = new Map(out.split(separator).map(part => [Number(part.split("\n")[0]), part.slice(part.indexOf("\n") + 1)]))
  if (code !== 0) {
    const last = err.split(separator).at(-1)!
    const [line, ...said] = last.split("\n")
    return [`${page}:${line}  the commands ended with ${code}: ${said.join("\n").trim()}`]
  }
  if (!outputs.has(allDone)) return [`${page}  the commands ended before their last: exit`]
  return commands.flatMap(block => {
    const next = blocks[blocks.indexOf(block) + 1]
    if (next?.kind !== "output") return []
    const actual = (outputs.get(block.line) ?? "").trimEnd()
    return matches(next.text, actual) ? [] : [`${page}:${next.line}  the commands printed\n${actual}`]
  })
}

/** `…` stands for anything: in a line for what differs from run to run, as a line for any lines. */
export function matches(pattern: string, text: string): boolean {
  const escaped = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/…/g, ".*")
  const lines = pattern.trimEnd().split("\n")
  const source = lines.map(line => (line.trim() === "…" ? "(?:.*\\n)*?" : `${escaped(line)}\\n`)).join("")
  return new RegExp(`^${source}$`).test(`${text.trimEnd()}\n`)
}

/** Before a command's name: what is set for it, and commands that run it. */
const startsAnother = /^(?:\w+=.*|npx|sudo|exec|env|nohup|time|timeout)$/

const helpTexts = new Map<string, Promise<Ran>>()

/** Of a `rivulet` command: whether its verb and each of its flags exist. */
async function wrongFlag(place: Place, words: readonly string[]): Promise<string | undefined> {
  const at = words.findIndex((word, i) => !(startsAnother.test(word) || (words[i - 1] === "timeout" && /^\d+[smh]?$/.test(word))))
  if (words[at] !== "rivulet") return undefined
  const [verb, ...rest] = words.slice(at + 1)
  const asked = verb === undefined || verb.startsWith("-") ? "shell" : verb
  const nested = /^(keys|kernel)$/.test(asked) && rest[0] !== undefined ? [rest[0]] : []
  const key = [asked, ...nested].join(" ")
  if (!helpTexts.has(key)) helpTexts.set(key, run(place, ["rivulet", asked, ...nested, "--help"]))
  const { code, out } = await helpTexts.get(key)!
  if (code !== 0 || !out.includes(`Usage: rivulet ${key}`)) return `rivulet has no ${key}`
  const flags = (asked === verb ? rest : words.slice(at + 1)).filter(word => /^--?[a-z]/i.test(word)).map(word => word.replace(/=.*/, ""))
  const missing = flags.find(flag => !new RegExp(`(^|[\\s,])${flag}(?![\\w-])`, "m").test(out))
  return missing === undefined ? undefined : `rivulet ${key} has no ${missing}`
}
