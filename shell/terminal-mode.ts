/** The terminal's mode: raw keys and bracketed paste while it is the screen's, as it was while it is somebody else's. */
import type { FrameOutput } from "./view/frames.js"
import type { FullScreen } from "./view/full-screen.js"

const pasteOn = "\x1b[?2004h"
const pasteOff = "\x1b[?2004l"
const showCursor = "\x1b[?25h"
const stopsWithinMs = 100

export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
}

export class TerminalMode {
  constructor(
    private readonly terminal: Terminal,
    private readonly frames: FrameOutput,
    private readonly full: FullScreen,
  ) {}

  take(): void {
    const { stdin, stdout } = this.terminal
    stdin.setRawMode?.(true)
    stdin.setEncoding("utf8")
    stdin.resume()
    stdout.write(pasteOn)
  }

  /** Synchronous, and safe to call again: it is also the last thing that every kind of exit does. */
  readonly giveBack = (): void => {
    const { stdin, stdout } = this.terminal
    try {
      this.full.close()
      this.frames.hide()
      if (stdin.isTTY) stdin.setRawMode?.(false)
      if (stdout.isTTY) stdout.write(pasteOff + showCursor)
    } catch {
      // the terminal itself has gone
    }
  }

  /** While `work` goes on the terminal is somebody else's, keys too. */
  async lend(work: () => Promise<void>): Promise<void> {
    this.giveBack()
    this.terminal.stdin.pause()
    try {
      await work()
    } finally {
      this.take()
      this.frames.show()
    }
  }

  /** Ctrl-Z. `back` is called when it goes on, unless `closed` says that there is nothing left to go on with. */
  suspend(closed: () => boolean, back: () => void): void {
    this.giveBack()
    let away = true
    const again = () => {
      if (!away || closed()) return
      away = false
      process.off("SIGCONT", again)
      this.take()
      this.frames.show()
      back()
    }
    process.on("SIGCONT", again)
    process.kill(process.pid, "SIGTSTP")
    // Where no shell waits that could continue it (the first process of a session), the system does not stop it at all.
    setTimeout(again, stopsWithinMs)
  }
}
