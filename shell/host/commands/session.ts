/** The shell itself: its zone, its cells in files. */

import { RivuletError } from "../../../engine/errors.js"
import { type DotCommand, line } from "./command.js"

const modes = ["table", "line", "json"] as const

export const sessionCommands: readonly DotCommand[] = [
  {
    name: "bg",
    usage: ".bg [question|stop n]",
    help: "asks aside: the prompt is free, the answer is printed and kept when it is there; bare: what is under way",
    run: (host, args) => host.background.command(args.trim()),
  },
  {
    name: "mode",
    usage: ".mode [table|line|json]",
    help: "rows as a table, a field a line, or JSON",
    run: (host, args) => {
      const asked = args.trim()
      const mode = asked === "" ? host.view.mode : modes.find(one => one === asked)
      if (mode === undefined) throw new RivuletError(`.mode ${asked}: no such`, { code: 2, try: ".mode table, line or json" })
      host.view = { ...host.view, mode }
      return [line(`  rows are shown as ${mode}`, "dim")]
    },
  },
  {
    name: "wide",
    usage: ".wide [on|off]",
    help: "columns are not cut at the screen's edge, their lines go on below; again: they are",
    run: (host, args) => {
      const asked = args.trim()
      if (!["", "on", "off"].includes(asked)) throw new RivuletError(`.wide ${asked}: on or off?`, { code: 2, try: ".wide on" })
      const wide = asked === "" ? !host.view.wide : asked === "on"
      host.view = { ...host.view, wide }
      return [line(wide ? "  columns are as wide as they are" : "  columns are cut at the screen's edge", "dim")]
    },
  },
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
