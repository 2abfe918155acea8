/** The cell in the person's own editor: a file of its own, read again when the editor has ended. */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ShellEvent } from "../session-types.js"

/** What has become of it, or why not. An editor that ends with an error has changed nothing. */
export async function editedCell(text: string, editor = process.env.VISUAL || process.env.EDITOR || "vi"): Promise<ShellEvent> {
  const said = (what: string): ShellEvent => ({ kind: "print", lines: [{ text: `  ${editor}: ${what}`, style: "warning" }] })
  const directory = mkdtempSync(join(tmpdir(), "rivulet-cell-"))
  const path = join(directory, "cell.ts")
  try {
    writeFileSync(path, `${text}\n`)
    // By the system's shell: EDITOR may hold flags.
    const child = spawn(`${editor} "${path}"`, { shell: true, stdio: "inherit" })
    // Whoever ends this process leaves no editor on its terminal.
    const hangUp = () => void child.kill("SIGHUP")
    process.once("exit", hangUp)
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject)
      child.once("exit", resolve)
    }).finally(() => process.off("exit", hangUp))
    if (code !== 0) return said(`${code === null ? "interrupted" : `ended with ${code}`}; the cell is as it was`)
    return { kind: "edited", text: readFileSync(path, "utf8").replace(/\r\n?/g, "\n").replace(/\n+$/, "") }
  } catch (error) {
    return said((error as Error).message)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
