/** The thread of `check-thread`. */
import { checkTypes } from "./check.js"
import { answerInThread } from "./own-thread.js"

answerInThread(checkTypes)
