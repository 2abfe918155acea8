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
    usage: ".save <file.ts>",
    help: "the cells so far, as a program",
    run: (host, args) => host.save(args.trim()),
  },
  { name: "load", usage: ".load <file>", help: "runs a file's cells", run: (host, args) => host.load(args.trim()) },
]
