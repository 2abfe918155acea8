/** What a real stream has, once it has so much of it. */
import type { ClientSession } from "../../cluster/client/session.js"
import type { DStream } from "../../engine/fluent/types.js"

/** Resolves with the next interval that the stream finishes. */
export async function nextInterval(session: ClientSession, handle: DStream<string>): Promise<void> {
  await new Promise<void>(resolve => {
    const subscription = session.onCompleted(handle, () => {
      void subscription.then(one => one.stop())
      resolve()
    })
  })
}

/** All records, in order, once there are so many. `of`: what is made of the stream, in place of itself. */
export async function rowsOnce<T = string>(
  session: ClientSession,
  handle: DStream<string>,
  n: number,
  of: DStream<T> = handle as unknown as DStream<T>,
): Promise<T[]> {
  for (;;) {
    const found = await of.slice("-10m").collect()
    if (found.length >= n) return found
    await nextInterval(session, handle)
  }
}
