/** `--no-color`, wherever it stands, is NO_COLOR. The first thing that is loaded: others look at that as they are. */
import type { Command } from "commander"

const end = process.argv.indexOf("--")
if (process.argv.slice(2, end < 0 ? undefined : end).includes("--no-color")) process.env.NO_COLOR = "1"

/** So that the command, and those below it, know the flag. */
export function takeNoColor(command: Command): void {
  command.option("--no-color", "no colours, as with NO_COLOR")
  for (const one of command.commands) takeNoColor(one)
}
