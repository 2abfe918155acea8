/** The plain shell on Node's `repl`: the same evaluator and dot-commands, no screen. For `--plain`, `TERM=dumb` and screen readers. */
import repl from "node:repl"
import type { Welcome } from "../../cluster/client/call.js"
import { openCalls } from "../../cluster/client/session.js"
import { keyLines, type OpenShellOptions } from "../cli/attachment.js"
import { connectTimeoutMs } from "../cli/options.js"
import { cellsOf, isComplete } from "../evaluator/complete-cell.js"
import { doChaos } from "../host/chaos.js"
import { RemoteHost } from "../host/remote.js"
import { leaves } from "../leaving.js"
import type { StyledLine } from "../session.js"
import { seldom } from "./progress.js"

export async function openPlain(options: OpenShellOptions): Promise<void> {
  /** While a line is being typed: takes it away and shows it again. */
  let aside = (write: () => void) => write()
  const print = (lines: readonly StyledLine[]) => {
    if (lines.length > 0) aside(() => process.stdout.write(lines.map(line => `${line.text}\n`).join("")))
  }
  const { attachment, user, tz, ending } = options
  const host = RemoteHost.launch()
  ending.add(() => host.close())
  const calls = await openCalls(attachment.address, { user, ...(attachment.readOnly && { readOnly: true }) })
  ending.add(() => calls.close())
  const welcome = (await calls.call({ kind: "connect", timeoutMs: connectTimeoutMs() })).value as Welcome
  // Never among the answers, which may go to a file.
  const says = seldom(text => aside(() => process.stderr.write(`  ${text}\n`)))
  calls.onPush(push => {
    if (push.kind === "progress" && process.stderr.isTTY) says(push)
  })
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
  /** Lines of a cell that goes on. */
  let held = ""
  let running = false
  let left = false
  let before = Promise.resolve()
  /** Lines typed that have not been carried out. */
  let open = 0
  /** One line typed, after those before it: a cell that is complete with it runs to its end. */
  const take = (line: string): Promise<void> => {
    open += 1
    before = before
      .then(() => carryOut(line))
      .finally(() => {
        open -= 1
      })
    return before
  }
  const carryOut = async (line: string): Promise<void> => {
    const cell = held + line
    held = ""
    if (cell.trim() === "") return
    if (leaves(cell)) {
      left = true
      return server.close()
    }
    if (!isComplete(cell)) {
      held = `${cell}\n`
      return
    }
    options.history.add(cell)
    running = true
    await runCell(cell)
    running = false
  }
  const server = repl.start({
    prompt,
    useGlobal: false,
    ignoreUndefined: true,
    terminal: process.stdout.isTTY && process.env.TERM !== "dumb",
    useColors: false,
    eval: (text, _context, _file, done) => void take(text.replace(/\n$/, "")).then(() => left || done(null, undefined)),
    writer: () => "",
    completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
      void host.complete(line, line.length).then(list => done(null, [list.items.map(item => item.text), line.slice(list.from)]))
    },
  })
  // Lines that go on are indented, without dots: a cell copied from the screen can be pasted.
  const displayPrompt = server.displayPrompt.bind(server)
  server.displayPrompt = keepCursor => {
    // What was typed ahead needs none, and its answer would stand behind it.
    if (open > 0) return
    server.setPrompt(held === "" ? prompt : " ".repeat(prompt.length))
    displayPrompt(keepCursor)
  }
  aside = write => {
    if (open > 0) return write()
    if (server.terminal) process.stdout.write("\r\x1b[K")
    write()
    displayPrompt(true)
  }
  // Node takes every line that begins with a dot for a command of its own, and refuses those it does not know: here they are ours, or
  // go on with the last expression.
  let typed = ""
  server.prependListener("line", (line: string) => {
    typed = line
  })
  const ours = { help: "", action: () => void take(typed).then(() => left || server.displayPrompt()) }
  Object.defineProperty(server, "commands", { value: new Proxy({}, { get: () => ours }) })
  // Node's own way: the second Ctrl-C leaves.
  server.removeAllListeners("SIGINT")
  const interrupt = () => {
    if (running) return host.cancel()
    held = ""
    server.clearBufferedCommand()
    // Elsewhere the terminal itself has dropped what was typed.
    if (server.terminal) server.write(null, { ctrl: true, name: "u" })
    process.stdout.write("\nCtrl-D detaches\n")
    server.displayPrompt()
  }
  server.on("SIGINT", interrupt)
  ending.interrupt = interrupt
  await Promise.race([new Promise<void>(resolve => server.on("exit", resolve)), ended])
  aside = write => write()
  server.close()
}
