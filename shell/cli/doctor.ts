/** `rivulet doctor`: what this machine has, a line each, and what to do about what is wrong. Exit 1 when something is. */
import { accessSync, constants, statfsSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { configDirectory, listKeys } from "../../cluster/adapters/key-files.js"
import { rivuletVersion } from "../../cluster/version.js"
import { asError, RivuletError } from "../../engine/errors.js"
import { historyPath } from "../editor/history.js"
import { formatBytes } from "../view/number.js"
import { configFiles } from "./config.js"
import { masterAddress } from "./options.js"

/** `advice` is there when it is wrong. */
export interface Finding {
  readonly what: string
  readonly found: string
  readonly advice?: string
}

const oldestNode = [20, 19] as const
const offsetMs = 1_000
const leastDiskBytes = 2 ** 30

export async function doctor(options: { readonly master?: string }): Promise<void> {
  const findings = [
    node(process.versions.node),
    await transport(),
    terminal(),
    zone(),
    config(),
    keys(),
    history(),
    disk(),
    await master(options.master),
  ]
  const width = Math.max(...findings.map(({ what }) => what.length))
  for (const { what, found, advice } of findings)
    process.stdout.write(
      `${advice === undefined ? "ok   " : "WRONG"}  ${what.padEnd(width)}  ${found}${advice === undefined ? "" : `\n       ${" ".repeat(width)}  try: ${advice}`}\n`,
    )
  if (findings.some(({ advice }) => advice !== undefined)) process.exitCode = 1
}

export function node(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const old = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])
  return {
    what: "versions",
    found: `rivulet ${rivuletVersion} · Node ${version}`,
    ...(old && { advice: `Node ${oldestNode.join(".")} or later` }),
  }
}

async function transport(): Promise<Finding> {
  try {
    const { version } = await import("zeromq")
    return { what: "transport", found: `ZeroMQ ${version}` }
  } catch (error) {
    return {
      what: "transport",
      found: asError(error).message.split("\n")[0]!,
      advice: "npm ci: its prebuilt library is missing for this machine",
    }
  }
}

function terminal(): Finding {
  const { TERM = "none", COLORTERM, NO_COLOR, LC_ALL, LC_CTYPE, LANG } = process.env
  const { isTTY, columns, rows } = process.stdout
  if (!isTTY) return { what: "terminal", found: "none: plain lines" }
  const locale = LC_ALL || LC_CTYPE || LANG || ""
  const found = `${TERM} ${columns} × ${rows}${COLORTERM ? ` ${COLORTERM}` : ""}${NO_COLOR ? " without colour" : ""}`
  if (TERM === "dumb") return { what: "terminal", found: `${found}: the plain shell` }
  if (locale !== "" && !/utf-?8/i.test(locale))
    return { what: "terminal", found: `${found}, ${locale}`, advice: "LANG=C.UTF-8: bars and borders are not ASCII" }
  if (columns < 40) return { what: "terminal", found, advice: "40 columns or more" }
  return { what: "terminal", found }
}

function zone(): Finding {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  return { what: "time zone", found: timeZone, ...(timeZone === undefined && { advice: "TZ=Europe/Berlin" }) }
}

function config(): Finding {
  try {
    const files = configFiles()
    return { what: "settings", found: files.length === 0 ? "no file" : files.map(({ path }) => path).join(", ") }
  } catch (error) {
    const { message, try: advice = "rivulet config" } = error as RivuletError
    return { what: "settings", found: message, advice }
  }
}

function keys(): Finding {
  const own = listKeys()
  const open = own.filter(({ path }) => (statSync(path).mode & 0o077) !== 0)
  if (open.length > 0) return { what: "keys", found: `${open[0]!.path} can be read by others`, advice: `chmod 600 ${open[0]!.path}` }
  return {
    what: "keys",
    found:
      own.length === 0
        ? `none in ${join(configDirectory(), "keys")}: this machine's clusters need none`
        : own.map(({ name }) => name).join(", "),
  }
}

function history(): Finding {
  const path = historyPath()
  try {
    accessSync(path, constants.W_OK)
    return { what: "history", found: path }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { what: "history", found: `${path}: not yet` }
    return { what: "history", found: `${path} cannot be written`, advice: `chown or chmod ${path}` }
  }
}

function disk(): Finding {
  const { bavail, bsize } = statfsSync(tmpdir())
  const free = bavail * bsize
  return {
    what: "disk",
    found: `${formatBytes(free)} free in ${tmpdir()}`,
    ...(free < leastDiskBytes && { advice: "an embedded cluster spills there: TMPDIR=/somewhere/else" }),
  }
}

async function master(text: string | undefined): Promise<Finding> {
  try {
    const address = masterAddress(text)
    const { openCalls } = await import("../../cluster/client/session.js")
    const calls = await openCalls(address, { user: "doctor" })
    try {
      await calls.call({ kind: "connect", timeoutMs: 2_000 })
      const sentMs = Date.now()
      const { wallMs, workers } = (await calls.call({ kind: "request", body: { kind: "status" } })).value as {
        wallMs: number
        workers: readonly unknown[]
      }
      const tookMs = Date.now() - sentMs
      // Its clock was read somewhere between asking and hearing.
      const apartMs = Math.max(0, Math.abs(wallMs - (sentMs + tookMs / 2)) - tookMs / 2)
      const found = `${address.replaceAll(/#[\w-]*/g, "")} · ${workers.length} workers · ${tookMs} ms away · clocks ${Math.round(apartMs)} ms apart`
      return { what: "master", found, ...(apartMs > offsetMs && { advice: "ntp on both machines: times in questions are read here" }) }
    } finally {
      await calls.close()
    }
  } catch (error) {
    const known = error instanceof RivuletError ? error : undefined
    return { what: "master", found: asError(error).message.split("\n")[0]!, advice: known?.try ?? "rivulet up, or -m with its address" }
  }
}
