/** Asks a question that never ends: `asker <master>`. Says when it has asked; `cancel` gives it up, `close` closes the session. */

import { connect } from "../../../cluster/client/session.js"

const session = await connect(process.argv[2]!, { user: "u", program: "asker" })
await session.flush()
const lines = session.stream<string>("lines")
const answer = lines
  .last("1h")
  .filter(() => {
    for (;;) {}
  })
  .count()
answer.catch(() => process.send?.("over"))
process.send!("asked")
process.on("message", end => (end === "cancel" ? answer.cancel() : session.close()))
