/** What changes a running job. */

import { RivuletError } from "../../../engine/errors.js"
import { formatNumber } from "../../view/number.js"
import { orderChaos, parseChaos } from "../chaos.js"
import { checkWhenBack } from "../chaos-check.js"
import { type DotCommand, line } from "./command.js"

export const changeCommands: readonly DotCommand[] = [
  {
    name: "edit",
    usage: ".edit [stream [expression]]",
    help: "a stream's text in $EDITOR (bare: the last cell); with an expression: the plan of putting it in place, tried on the intervals that are kept",
    code: "stream.replace(next, { dryRun: true })",
    run: (host, args) => host.edits.edit(args),
  },
  {
    name: "adopt",
    usage: ".adopt <stream> [reset]",
    help: "puts in place what .edit has tried; of a name that was declared again: what was built on the former stream is made of the new one",
    code: "stream.replace(next)",
    run: (host, args) => host.edits.adopt(args),
  },
  {
    name: "rename",
    usage: ".rename <stream> <name>",
    help: "another name; what is made of it, and handles, stay",
    code: 'stream.named("name")',
    run: async (host, args) => {
      const [from = "", to, ...more] = args.trim().split(/\s+/)
      if (to === undefined || more.length > 0) throw new RivuletError(".rename what, and how?", { code: 2, try: ".rename counts visits" })
      const { program, name } = await host.streamInfo(from)
      host.session.stream(`${program}/${name}`).named(to)
      await host.session.flush()
      return [line(`  ${program}/${name} is now ${to}`)]
    },
  },
  {
    name: "resume",
    usage: ".resume <stream> [record|interval]",
    help: "a held stream goes on; without the records at which it throws, or the whole interval",
    code: 'stream.resume({ skip: "record" })',
    run: async (host, args) => {
      const [name = "", skip] = args.trim().split(/\s+/)
      if (skip !== undefined && skip !== "record" && skip !== "interval")
        throw new RivuletError(`.resume ${name} ${skip}: skip what?`, { code: 2, try: `.resume ${name} record` })
      const info = await host.streamInfo(name)
      await host.session.stream(`${info.program}/${info.name}`).resume(skip === undefined ? {} : { skip })
      return [line(`  ${name} goes on`)]
    },
  },
  {
    name: "stop",
    usage: ".stop <stream> [cascade]",
    help: "ends a stream",
    code: "stream.stop()",
    run: async (host, args) => {
      const [name = "", more] = args.trim().split(/\s+/)
      const stopped = await host.stop(name, more === "cascade")
      const others = stopped.filter(one => one !== name.split("/").at(-1))
      const them = others.length === 0 ? "it" : "them"
      return [line(`  stopped ${[name, ...others].join(", ")} · .undo calls ${them} back for ten minutes`)]
    },
  },
  {
    name: "drain",
    usage: ".drain <worker>",
    help: "takes a worker out: it gets nothing new, what only it has is copied to others, then it ends; .undo before that, and it stays",
    code: "session.drain(worker)",
    run: async (host, args) => {
      const worker = args.trim()
      if (worker === "") throw new RivuletError(".drain which worker?", { code: 2, try: ".workers" })
      const { blocks, to } = await host.session.drain(worker)
      const copied =
        blocks === 0 ? "it has no block that others lack" : `${formatNumber(blocks)} of its blocks are copied to ${to.join(" ")}`
      return [line(`  ${worker} gets nothing new; ${copied}; then it ends. Undo: .undo`)]
    },
  },
  {
    name: "undo",
    usage: ".undo",
    help: "calls back what this shell stopped last, for ten minutes: it goes on from where it was; or the worker that it drains stays",
    code: "session.undo()",
    run: async host => {
      const all = await host.session.undo()
      // Steps without a name go without saying, unless there is nothing else.
      const named = all.filter(name => !name.includes("@"))
      const back = named.length > 0 ? named : all
      return [line(`  ${back.join(", ")} ${back.length === 1 ? "goes" : "go"} on`)]
    },
  },
  {
    name: "keep",
    usage: ".keep <stream>",
    help: "it stays when its shell is long gone: until it is stopped",
    code: "stream.keep()",
    run: async (host, args) => {
      const { program, name } = await host.streamInfo(args)
      await host.session.keepStreams([`${program}/${name}`], { force: false })
      return [line(`  ${name} stays until it is stopped`)]
    },
  },
  {
    name: "chaos",
    usage: ".chaos kill|slow <worker> [times]",
    help: "embedded cluster only: kills a worker process and starts it again, or makes its tasks slow",
    run: (host, args) => {
      const order = parseChaos(args.trim(), host.embedded)
      if (order.slower === null) checkWhenBack(order.worker, host)
      return orderChaos(order, event => host.emit(event))
    },
  },
]
