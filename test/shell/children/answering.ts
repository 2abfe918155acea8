/** A thread that answers, refuses, fails, or says nothing, as it is told. */
import { RivuletError } from "../../../engine/errors.js"
import { answerInThread } from "../../../shell/program/own-thread.js"

answerInThread((told: string) => {
  if (told === "refuse") throw new RivuletError("no such thing", { code: 4, try: "another" })
  if (told === "fail") throw new TypeError("it broke")
  if (told === "end") process.exit(3)
  return [told]
})
