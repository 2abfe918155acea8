/** `rivulet kernel install`: the directory by which Jupyter knows a kernel. */
import { mkdirSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join, resolve } from "node:path"

export interface KernelSpec {
  readonly argv: readonly string[]
  readonly display_name: string
  readonly language: "typescript"
  readonly interrupt_mode: "message"
  readonly metadata: { readonly debugger: false }
}

/** `command`: how this binary is started. `master`: the address that the kernel attaches to; absent: a cluster of its own. */
export function kernelSpec(command: readonly string[], master: string | undefined): KernelSpec {
  const attach = master === undefined ? [] : ["-m", master]
  return {
    argv: [...command, "kernel", "run", "{connection_file}", ...attach],
    display_name: master === undefined ? "Rivulet" : `Rivulet (${master.replace(/^tcp:\/\//, "").replace(/#.*/, "")})`,
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  }
}

/** Writes `kernels/<name>/kernel.json` below Jupyter's own directory of this user, or below `prefix`/share/jupyter. Gives its path. */
export function installKernel(spec: KernelSpec, name: string, prefix: string | undefined): string {
  const directory = join(prefix === undefined ? userDirectory() : join(resolve(prefix), "share", "jupyter"), "kernels", name)
  mkdirSync(directory, { recursive: true })
  const path = join(directory, "kernel.json")
  writeFileSync(path, `${JSON.stringify(spec, null, 1)}\n`)
  return path
}

/** Where Jupyter looks for what a user installed. */
function userDirectory(): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter")
  if (process.platform === "win32" && APPDATA) return join(APPDATA, "jupyter")
  return join(XDG_DATA_HOME || join(homedir(), ".local", "share"), "jupyter")
}
