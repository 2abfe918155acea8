/** A screen of its own process, with a host that answers by itself: for what only a process can show (signals, how it ends). */
import { Ending } from "../../../shell/cli/ending.js"
import { History } from "../../../shell/editor/history.js"
import type { HostEvent } from "../../../shell/host/port.js"
import type { PagedAnswer } from "../../../shell/pager/paged.js"

process.env.NODE_ENV ??= "production"
process.env.CI = "false"
const { openScreen } = await import("../../../shell/screen.js")

const column = { title: "n", right: false, cells: ["row 1", "row 2"] }
const paged: PagedAnswer = { name: "Out[1]", columns: [column], rows: 2, stamp: "" }
const ending = new Ending()
let emit: (event: HostEvent) => void = () => {}
const screen = openScreen({
  prompt: "test> ",
  history: History.open("test", null),
  banner: [{ text: "rivulet · test" }],
  host: listen => {
    emit = listen
    return {
      run: cell => {
        const fail = () => Promise.reject(new Error("not caught"))
        if (cell === "fail()") setImmediate(fail)
        if (cell === "later()") process.once("SIGUSR2", fail)
        emit({ kind: "print", lines: [{ text: cell === "pid()" ? `pid ${process.pid}` : `ran ${cell}` }] })
        emit({ kind: "done", failed: false })
      },
      cancel: () => {},
      complete: async () => ({ items: [], selected: 0, from: 0, to: 0 }),
      inspect: async () => null,
      panels: () => {},
      page: () => paged,
      writeAnswer: async () => "",
      resize: () => {},
      close: async () => {},
    }
  },
  lent: lent => {
    ending.interrupt = lent ? () => {} : null
  },
  leave: async () => ({ lines: [{ text: "left" }], ask: false }),
})
ending.add(() => screen.close())
await screen.ended
