/** Whether a process that was noted down is still there. */
import { readFileSync } from "node:fs"

/** And still that one, by the words that it was started with: numbers are given again. */
export function runs(pid: number, isIt: (words: readonly string[]) => boolean): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  try {
    return isIt(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0"))
  } catch {
    // no /proc, or it has just ended
    return process.platform !== "linux"
  }
}
