/** The shell itself: its zone, its cells in files. */

import { type DotCommand, line } from "./command.js"

export const sessionCommands: readonly DotCommand[] = [
  {
    name: "tz",
    usage: ".tz [zone]",
    help: "the zone of times as text",
    run: (host, args) => {
      if (args.trim() !== "") host.setZone(args.trim())
      return [line(`  times are ${host.tz}`)]
    },
  },
  {
    name: "save",
    usage: ".save <file.ts|file.md>",
    help: "as a program: what the definitions here need; as a notebook: all cells with what they showed",
    run: (host, args) => host.save(args.trim()),
  },
  {
    name: "load",
    usage: ".load <file.ts|file.md>",
    help: "runs a file's cells, or a notebook's",
    run: (host, args) => host.load(args.trim()),
  },
]
