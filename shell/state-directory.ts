/** Where this user's shells and commands keep what outlives them: `$XDG_STATE_HOME/rivulet`. */
import { homedir } from "node:os"
import { join } from "node:path"

export function stateDirectory(): string {
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), ".local", "state"), "rivulet")
}
