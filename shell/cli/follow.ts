/** `rivulet send --follow`: a file that is written to, into a stream, each line once whoever is killed. Ends with Ctrl-C. */
import { randomBytes } from "node:crypto"
import { resolve } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { openSender } from "../../cluster/client/send.js"
import { RivuletError } from "../../engine/errors.js"
import { follow } from "../follow/follow.js"
import { PositionFile } from "../follow/position-file.js"
import { formatNumber } from "../view/number.js"
import { attach } from "./attach.js"
import { Ending } from "./ending.js"
import { masterAddress } from "./options.js"

/** So often a file is looked at for more. */
const lookMs = 100

export interface FollowCommand {
  readonly master?: string
  readonly wait: boolean
  readonly o?: string
}

export async function followInto(name: string, file: string, options: FollowCommand): Promise<void> {
  const path = resolve(file)
  const ending = new Ending()
  try {
    const session = await attach(options)
    ending.add(() => session.close())
    const waitingNote = () => process.stderr.write(`nobody has defined ${name} yet; waiting. In a shell: readStream("${name}", "1s")\n`)
    const { stream } = await openSender(session, name, { wait: options.wait, onWaiting: waitingNote })
    const { positions, position } = await PositionFile.open({ master: masterAddress(options.master), stream, path })
    ending.add(() => positions.close())
    const { reading, unacked } = position
    const again = unacked.length === 0 ? "" : `; ${formatNumber(unacked.length)} batches are sent again under their numbers`
    process.stderr.write(`${stream} follows ${file} from byte ${formatNumber(reading?.at ?? 0)} on${again}. Ctrl-C ends\n`)

    let [sent, acked] = [0, 0]
    const unlisten = session.calls.onPush(push => {
      if (push.kind === "sent" && push.session === position.session) ({ sent, acked } = push.counters)
    })
    const counting = setInterval(() => {
      if (options.o === "ndjson") process.stderr.write(`${JSON.stringify({ stream, sent, acked, at: position.reading?.at ?? 0 })}\n`)
      else if (process.stderr.isTTY) process.stderr.write(`\r${formatNumber(acked)} acked of ${formatNumber(sent)} sent `)
    }, 1000)
    const stopping = new AbortController()
    const say = (text: string) => process.stderr.write(`${process.stderr.isTTY ? "\r" : ""}${text}\n`)
    const { signal } = stopping
    const pause = () => wait(lookMs, undefined, { signal }).catch(() => {})
    const fresh = `f-${randomBytes(9).toString("hex")}`
    const following = follow({ session, fresh, stream, path, position, positions, say, pause, signal })
    ending.add(async () => {
      stopping.abort()
      await following.finally(() => {
        clearInterval(counting)
        unlisten()
      })
      say(`${formatNumber(acked)} lines acked of ${formatNumber(sent)} sent to ${stream}`)
    })
    await following
  } finally {
    await ending.run()
  }
}

/** What does not go together. Throws a RivuletError of code 2. */
export function checkFollow(
  files: readonly string[],
  { rate, speed, timestamp }: { readonly rate?: string; readonly speed?: string; readonly timestamp?: string },
): void {
  const pace = rate !== undefined ? "--rate" : speed !== undefined ? "--speed" : timestamp !== undefined ? "--timestamp" : null
  if (pace !== null)
    throw new RivuletError(`${pace}: a followed file's lines are sent as they are written`, { code: 2, try: "--follow alone" })
  if (files.length > 0)
    throw new RivuletError(`--follow follows one file, and ${files.join(" ")} would be sent besides`, { code: 2, try: "two commands" })
}
