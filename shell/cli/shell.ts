/**
 * `rivulet shell`: attaches, and opens the Ink screen on a terminal, Node's line editor with `--plain` or a dumb terminal, or
 * runs stdin as a script.
 */
import { readFileSync, statSync } from "node:fs"
import { homedir } from "node:os"
import type { RuntimeCalls } from "../../cluster/client/calls.js"
import type { Embedded } from "../../cluster/embedded.js"
import { RivuletError } from "../../engine/errors.js"
import type { Demo } from "../demo/process.js"
import { History } from "../editor/history.js"
import { checkZone } from "../host/zone.js"
import type { StyledLine } from "../session.js"
import { localZone, userName } from "./attach.js"
import type { Attachment, OpenShellOptions } from "./attachment.js"
import { profileOf, setting } from "./config.js"
import { Ending } from "./ending.js"
import { connectTimeoutMs, masterAddress, positiveInteger } from "./options.js"
import { someoneListens } from "./reachable.js"

export interface ShellOptions {
  readonly master?: string
  readonly local?: string | true
  readonly demo?: boolean
  readonly plain?: boolean
  readonly readOnly?: boolean
  readonly tz?: string
  readonly eval?: string
  readonly keepGoing?: boolean
}

/** `paths`: a file of cells to run first; with `--local`, archives. */
export async function shell(paths: readonly string[], options: ShellOptions): Promise<void> {
  const { workers, file, directories } = given(paths, options)
  const archives = directories.length === 0 ? [] : await (await import("./archives.js")).archivesIn(directories)
  const zone = options.tz ?? localZone()
  checkZone(zone, "--tz")
  const first = [setting("startup")?.value as string | undefined, file].filter(path => path !== undefined)
  const started = first.length === 0 ? undefined : first.map(path => readCells(path.replace(/^~(?=\/)/, homedir()))).join("\n")
  const scripted = options.eval ?? (process.stdin.isTTY ? undefined : await readStdin())
  const plain = options.plain === true || process.env.TERM === "dumb" || !process.stdout.isTTY
  if (options.local === undefined && !options.demo) await someoneListens(masterAddress(options.master), connectTimeoutMs())
  const ending = new Ending()
  try {
    const onScreen = scripted === undefined && !plain
    const calls = onScreen ? await dialed(options, ending) : undefined
    const ink = onScreen ? await import("../host/attach-screen.js") : undefined
    const prepared = ink?.prepareInk(calls)
    const attachment = await attachTo(options, workers, ending)
    if (archives.length > 0) {
      const { bindArchives } = await import("./archives.js")
      // Mostly nothing is set aside: that needs no line.
      for (const name of await bindArchives(attachment.address, archives, ending))
        if (!name.endsWith(".aside")) process.stderr.write(`${name} is empty: it is not there\n`)
    }
    if (scripted !== undefined) {
      const { runScript } = await import("../plain/script.js")
      const text = [started, scripted].filter(part => part !== undefined).join("\n")
      const ok = await runScript(text, { attachment, tz: options.tz ?? "UTC", user: userName(), keepGoing: options.keepGoing ?? false })
      if (!ok) process.exitCode = 1
      return
    }
    const open: OpenShellOptions = {
      attachment,
      tz: zone,
      user: userName(),
      history: History.open(attachment.name),
      banner: banner(attachment, zone),
      cells: started,
      ending,
    }
    if (ink && prepared) await ink.openInk(open, prepared)
    else await (await import("../plain/repl.js")).openPlain(open)
  } finally {
    await ending.run()
  }
}

interface Given {
  readonly workers: number
  readonly file: string | undefined
  readonly directories: readonly string[]
}

/** What follows `--local` may be a number of workers, or what the shell is given. RivuletError (2) for what cannot be both, or is not there. */
function given(paths: readonly string[], { local }: ShellOptions): Given {
  const isCount = typeof local === "string" && /^\d+$/.test(local)
  const all = typeof local === "string" && !isCount ? [local, ...paths] : paths
  const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  const directories = all.filter(isDirectory)
  const [file, second] = all.filter(path => !isDirectory(path))
  if (file !== undefined && (second !== undefined || file.endsWith("/")))
    throw new RivuletError(`${second ?? file}: no such directory`, { code: 2, try: "rivulet shell --local <directory of --save>…" })
  if (directories.length > 0 && local === undefined)
    throw new RivuletError(`${directories[0]} is a directory`, { code: 2, try: `rivulet shell --local ${directories.join(" ")}` })
  return { workers: isCount ? positiveInteger(local, "--local", 16) : 2, file, directories }
}

/** A key is for the connection; in a prompt it is forty letters that nobody reads. */
const withoutKeys = (address: string): string => address.replace(/#[\w-]{43}/g, "")

/** The connection with a cluster that is there already: it is made while the screen loads. */
async function dialed(options: ShellOptions, ending: Ending): Promise<RuntimeCalls | undefined> {
  if (options.local !== undefined || options.demo) return undefined
  const address = masterAddress(options.master)
  const { dial } = await import("../host/dial.js")
  const calls = await dial(address, { user: userName(), readOnly: options.readOnly === true })
  ending.add(() => calls.close())
  return calls
}

async function attachTo(options: ShellOptions, workers: number, ending: Ending): Promise<Attachment> {
  if (options.local === undefined && !options.demo) {
    const address = masterAddress(options.master)
    const profile = profileOf(options.master)
    const { color, confirm } = profile ?? {}
    return {
      address,
      name: profile?.name ?? withoutKeys(address).replaceAll("tcp://", ""),
      cluster: undefined,
      demo: undefined,
      readOnly: options.readOnly === true,
      ...(color && { color }),
      ...(confirm && { confirm }),
    }
  }
  if (options.readOnly)
    throw new RivuletError("--read-only is for a cluster that others run", { code: 2, try: "rivulet shell -m tcp://… --read-only" })
  if (options.master !== undefined)
    throw new RivuletError("--local and -m exclude each other", { code: 2, try: "rivulet shell --local, or rivulet shell -m tcp://…" })
  const { cluster, demo } = await startOwn(workers, options.demo === true, ending)
  return { address: cluster.address, name: "local", cluster, demo }
}

/** A cluster of this process's own, and the made-up traffic, all loading at once. They end with `ending`. */
export async function startOwn(
  workers: number,
  withDemo: boolean,
  ending: Ending,
): Promise<{ readonly cluster: Embedded; readonly demo: Demo | undefined }> {
  if (process.stderr.isTTY) process.stderr.write(`starting a master and ${workers} workers on this machine …`)
  const demo = withDemo ? (await import("../demo/process.js")).startDemo() : undefined
  if (demo) ending.add(() => demo.stop())
  try {
    const { startEmbedded } = await import("../../cluster/embedded.js")
    const cluster = await startEmbedded({ workers, cores: 1 })
    ending.add(() => cluster.stop())
    demo?.begin(cluster.address)
    return { cluster, demo }
  } finally {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K")
  }
}

function banner(attachment: Attachment, zone: string): StyledLine[] {
  const where = attachment.cluster
    ? `embedded: 1 master, ${attachment.cluster.workers.length} workers on this machine · ends with this shell`
    : `${withoutKeys(attachment.address)} · you are ${userName()}${attachment.readOnly ? " (read-only)" : ""}`
  const lines: StyledLine[] = [{ text: `rivulet · ${where} · times are ${zone}`, style: "bold" }]
  if (attachment.cluster)
    lines.push({ text: `  elsewhere    npx rivulet -m ${attachment.address}   attaches another terminal to it`, style: "dim" })
  if (attachment.demo) lines.push({ text: "  demo         views   made-up web traffic, 2 000 lines a second, with a burst every 90 s" })
  return lines
}

function readCells(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch {
    throw new RivuletError(`no such file: ${file}`, {
      code: 2,
      try: "rivulet shell cells.ts, or rivulet shell --local <directory of --save>",
    })
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}
