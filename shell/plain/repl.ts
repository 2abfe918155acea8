/** The plain shell on Node's `repl`: the same evaluator and dot-commands, no screen. For `--plain`, `TERM=dumb` and screen readers. */
import repl, { Recoverable } from "node:repl"
import type { Welcome } from "../../cluster/client/call.js"
import { openCalls } from "../../cluster/client/session.js"
import { keyLines, type OpenShellOptions } from "../cli/attachment.js"
import { connectTimeoutMs } from "../cli/options.js"
import { cellsOf, isComplete } from "../evaluator/complete-cell.js"
import { doChaos } from "../host/chaos.js"
import { dotCommands } from "../host/commands/index.js"
import { RemoteHost } from "../host/remote.js"
import type { StyledLine } from "../session.js"

export async function openPlain(options: OpenShellOptions): Promise<void> {
  const print = (lines: readonly StyledLine[]) => {
    for (const line of lines) process.stdout.write(`${line.text}\n`)
  }
  const { attachment, user, tz, ending } = options
  const host = RemoteHost.launch()
  ending.add(() => host.close())
  const calls = await openCalls(attachment.address, { user, ...(attachment.readOnly && { readOnly: true }) })
  ending.add(() => calls.close())
  const welcome = (await calls.call({ kind: "connect", timeoutMs: connectTimeoutMs() })).value as Welcome
  print([...options.banner, ...keyLines(attachment, welcome)])
  await attachment.demo?.ready
  let cellDone: () => void = () => {}
  host.emit = event => {
    if (event.kind === "print") print(event.lines)
    else if (event.kind === "done") cellDone()
    else if (event.kind === "chaos") doChaos(attachment.cluster, event.order, print)
  }
  const ended = new Promise<void>(resolve => {
    host.onDied = why => {
      print([{ text: `the thread of your cells ended (${why}); streams go on` }])
      cellDone()
      resolve()
    }
  })
  const runCell = (cell: string) =>
    new Promise<void>(resolve => {
      cellDone = resolve
      host.run(cell)
    })
  const columns = process.stdout.columns ?? 100
  print(
    await host.open(calls, {
      user,
      tz,
      columns,
      embedded: attachment.cluster !== undefined,
      address: attachment.address,
      ...(attachment.confirm && { confirm: attachment.name }),
    }),
  )
  for (const cell of options.cells === undefined ? [] : cellsOf(options.cells)) await runCell(cell)

  const prompt = `${options.attachment.name}> `
  let more = false
  let running = false
  const server = repl.start({
    prompt,
    useGlobal: false,
    ignoreUndefined: true,
    terminal: process.stdout.isTTY && process.env.TERM !== "dumb",
    useColors: false,
    eval: (text, _context, _file, done) => {
      const cell = text.replace(/\n$/, "")
      more = false
      if (cell.trim() === "") return done(null, undefined)
      if (!isComplete(cell)) {
        more = true
        return done(new Recoverable(new SyntaxError("more to come")), undefined)
      }
      options.history.add(cell)
      running = true
      void runCell(cell).then(() => {
        running = false
        done(null, undefined)
      })
    },
    writer: () => "",
    completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
      void host.complete(line, line.length).then(list => done(null, [list.items.map(item => item.text), line.slice(list.from)]))
    },
  })
  // Lines that go on are indented, without dots: a cell copied from the screen can be pasted.
  const displayPrompt = server.displayPrompt.bind(server)
  server.displayPrompt = keepCursor => {
    if (!more) return displayPrompt(keepCursor)
    server.setPrompt(" ".repeat(prompt.length))
    server.prompt(keepCursor)
    server.setPrompt(prompt)
  }
  // Node's own dot-commands would take lines that continue the last expression; ours replace them.
  const commands = server.commands as unknown as Record<string, unknown>
  for (const name of Object.keys(commands)) if (name !== "exit") delete commands[name]
  for (const command of dotCommands)
    server.defineCommand(command.name, {
      help: command.help,
      action: args => {
        server.clearBufferedCommand()
        running = true
        void runCell(`.${command.name} ${args}`).then(() => {
          running = false
          server.displayPrompt()
        })
      },
    })
  // Node's own way: the second Ctrl-C leaves.
  server.removeAllListeners("SIGINT")
  const interrupt = () => {
    if (running) return host.cancel()
    more = false
    server.clearBufferedCommand()
    // Elsewhere the terminal itself has dropped what was typed.
    if (server.terminal) server.write(null, { ctrl: true, name: "u" })
    process.stdout.write("\nCtrl-D detaches\n")
    server.displayPrompt()
  }
  server.on("SIGINT", interrupt)
  ending.interrupt = interrupt
  await Promise.race([new Promise<void>(resolve => server.on("exit", resolve)), ended])
  server.close()
}
