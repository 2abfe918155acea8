/**
 * Dot-commands: short forms of methods and verbs. One row a command, from which `.help` is made. They run beside the
 * evaluator, where the session is.
 */

import { RivuletError } from "../../../engine/errors.js"
import { nearest } from "../../../engine/nearest.js"
import type { StyledLine } from "../../session.js"
import type { CommandHost } from "../command-host.js"
import { answerCommands } from "./answers.js"
import { changeCommands } from "./change.js"
import type { DotCommand } from "./command.js"
import { type CommandGroup, help, type ScreenCommand } from "./help.js"
import { liveCommands } from "./live.js"
import { lookCommands } from "./look.js"
import { sessionCommands } from "./session.js"
import { understandCommands } from "./understand.js"

const helpCommand: DotCommand = {
  name: "help",
  usage: ".help [keys|name]",
  help: "commands; `.help keys` the keys; `.help slice` a word",
  run: (host, args) => help(args.trim(), groups, host.columns),
}

export const dotCommands: readonly DotCommand[] = [
  helpCommand,
  ...answerCommands,
  ...lookCommands,
  ...understandCommands,
  ...liveCommands,
  ...changeCommands,
  ...sessionCommands,
]

/** Those that the screen itself carries out. */
export const screenCommands: readonly ScreenCommand[] = [
  { name: "clear", usage: ".clear", help: "clears the screen" },
  { name: "pager", usage: ".pager [n]", help: "the last answer, or Out[n], in the pager: search, sort, columns, copy, write (Ctrl-O)" },
  { name: "detach", usage: ".detach", help: "leaves; streams of a running cluster go on" },
  { name: "exit", usage: ".exit", help: "the same; .quit, exit, quit and \\q, too" },
  { name: "theme", usage: ".theme dark|light|plain", help: "colours for such a background, or none; in the startup file: always" },
  { name: "tour", usage: ".tour [off]", help: "with npm start: the steps in grey, from the first again" },
]

const groups: readonly CommandGroup[] = [
  { title: "answers", commands: answerCommands },
  { title: "look", commands: lookCommands },
  { title: "understand", commands: understandCommands },
  { title: "live", commands: liveCommands },
  { title: "change", commands: changeCommands },
  { title: "session", commands: [helpCommand, ...sessionCommands, ...screenCommands] },
]

export function dotCommand(name: string): DotCommand | undefined {
  return dotCommands.find(command => command.name === name)
}

/** `.word` at the start of a cell, not followed by `(` (that continues the last expression). */
export function parseDotCommand(cell: string): { readonly name: string; readonly args: string } | undefined {
  const match = /^\s*\.([a-z]+)(?![\w(])\s*([\s\S]*)$/.exec(cell)
  return match && !match[2]!.startsWith("(") ? { name: match[1]!, args: match[2]!.trim() } : undefined
}

export async function runDotCommand(host: CommandHost, name: string, args: string): Promise<readonly StyledLine[]> {
  const command = dotCommand(name)
  if (command === undefined) {
    if (screenCommands.some(row => row.name === name)) {
      // A startup file is every shell's, and says nothing wrong where there are no colours.
      if (name === "theme") return []
      throw new RivuletError(`.${name} is for a terminal: here are only lines`, {
        code: 2,
        try: "rivulet shell, in a terminal, without --plain",
      })
    }
    const names = [...dotCommands, ...screenCommands].map(row => row.name)
    const near = nearest(name, names) ?? names.find(one => one.startsWith(name))
    throw new RivuletError(`.${name} is not a command`, { code: 2, try: near === undefined ? ".help" : `.${near}` })
  }
  return command.run(host, args)
}
