/**
 * What npm runs ends with it. npm passes SIGINT and SIGTERM on (`exec` in package.json: to this process, not to a shell that waits for
 * it), and no other end of its own: then this process ends as if its terminal were closed.
 */

import { readFileSync } from "node:fs"

/** A parent's end is no event. */
const lookMs = 250

/** In a container whatever is started may be process 1, else that is who takes in orphans. */
function isNpmFirst(): boolean {
  try {
    return !(process.env.npm_config_user_agent ?? "").startsWith("npm/") || readFileSync("/proc/1/comm", "utf8").startsWith("npm")
  } catch {
    return false
  }
}

/** To be called early: npm may have ended since. */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const npm = process.ppid
  if (npm === 1 && !isNpmFirst()) process.kill(process.pid, "SIGHUP")
  const looking = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(looking)
    process.kill(process.pid, "SIGHUP")
  }, lookMs)
  looking.unref()
}
