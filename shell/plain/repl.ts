/** The plain shell on Node's `repl`: the same evaluator and dot-commands, no screen. For `--plain`, `TERM=dumb` and screen readers. */
import repl, { Recoverable } from "node:repl"
import type { Ending } from "../cli/ending.js"
import type { Attachment } from "../cli/shell.js"
import type { History } from "../editor/history.js"
import { cellsOf, isComplete } from "../evaluator/complete-cell.js"
import { dotCommands } from "../host/commands.js"
import type { StyledLine } from "../session.js"
import { openLocalHost } from "./local-host.js"

export interface OpenShellOptions {
  readonly attachment: Attachment
  readonly tz: string
  readonly user: string
  readonly history: History
  readonly banner: readonly StyledLine[]
  readonly cells: string | undefined
  readonly ending: Ending
}

export async function openPlain(options: OpenShellOptions): Promise<void> {
  const print = (lines: readonly StyledLine[]) => {
    for (const line of lines) process.stdout.write(`${line.text}\n`)
  }
  print(options.banner)
  const { host, close } = await openLocalHost({
    ...options,
    emit: event => {
      if (event.kind === "print") print(event.lines)
      if (event.kind === "chaos") void options.attachment.cluster?.kill(event.worker)
    },
  })
  print(await host.start())
  for (const cell of options.cells === undefined ? [] : cellsOf(options.cells)) await host.runCell(cell)

  const server = repl.start({
    prompt: `${options.attachment.name}> `,
    useGlobal: false,
    ignoreUndefined: true,
    terminal: process.stdout.isTTY && process.env.TERM !== "dumb",
    useColors: false,
    eval: (text, _context, _file, done) => {
      const cell = text.replace(/\n$/, "")
      if (cell.trim() === "") return done(null, undefined)
      if (!isComplete(cell)) return done(new Recoverable(new SyntaxError("more to come")), undefined)
      options.history.add(cell)
      void host.runCell(cell).then(() => done(null, undefined))
    },
    writer: () => "",
    completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
      void host.complete(line, line.length).then(list => done(null, [list.items.map(item => item.text), line.slice(list.from)]))
    },
  })
  // Node's own dot-commands would take lines that continue the last expression; ours replace them.
  const commands = server.commands as unknown as Record<string, unknown>
  for (const name of Object.keys(commands)) if (name !== "exit") delete commands[name]
  for (const command of dotCommands)
    server.defineCommand(command.name, {
      help: command.help,
      action: args => {
        server.clearBufferedCommand()
        void host.runCell(`.${command.name} ${args}`).then(() => server.displayPrompt())
      },
    })
  server.on("SIGINT", () => host.cancel())
  await new Promise<void>(resolve => server.on("exit", resolve))
  await close()
}
