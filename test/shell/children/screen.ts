/** A screen of its own process, with a host that answers by itself: for what only a process can show (signals, how it ends). */
import { History } from "../../../shell/editor/history.js"
import type { HostEvent } from "../../../shell/host/port.js"

process.env.NODE_ENV ??= "production"
process.env.CI = "false"
const { openScreen } = await import("../../../shell/screen.js")

let emit: (event: HostEvent) => void = () => {}
const screen = openScreen({
  prompt: "test> ",
  history: History.open("test", null),
  banner: [{ text: "rivulet · test" }],
  host: listen => {
    emit = listen
    return {
      run: cell => {
        if (cell === "fail()") setImmediate(() => Promise.reject(new Error("not caught")))
        emit({ kind: "print", lines: [{ text: `ran ${cell}` }] })
        emit({ kind: "done", failed: false })
      },
      cancel: () => {},
      complete: async () => ({ items: [], selected: 0, from: 0, to: 0 }),
      inspect: async () => null,
      panels: () => {},
      page: () => null,
      writeAnswer: async () => "",
      resize: () => {},
      close: async () => {},
    }
  },
  leave: async () => ({ lines: [{ text: "left" }], ask: false }),
})
await screen.ended
