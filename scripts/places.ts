/** Where this checkout is, and how to start a module of it in a process of its own: as the caller runs, from sources or from .tests/. */
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const require = createRequire(import.meta.url)
const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."))

/** The checkout's directory. */
export const root = dirname(require.resolve("rivulet/package.json"))

/** The file of a module that is named without its ending: `shell/cli/main`. For `fork` and `Worker`, which inherit a loader. */
export function modulePath(name: string): string {
  return join(root, ending === ".ts" ? "" : ".tests", `${name}${ending}`)
}

/** Node's arguments that run the module. */
export function moduleArguments(name: string): string[] {
  const loader = ending === ".ts" ? ["--import", join(root, "scripts/register.mjs")] : []
  return [...loader, modulePath(name)]
}
