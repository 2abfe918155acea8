/** The thread of `check-thread`. */
import { typeErrors } from "./check.js"
import { answerInThread } from "./own-thread.js"

answerInThread(typeErrors)
