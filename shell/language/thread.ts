/** The thread of the language service. It answers in order; the host asks no more than it needs. */
import { parentPort } from "node:worker_threads"
import { typescript } from "../typescript.js"
import { Language } from "./language.js"
import type { FromLanguage, Question, Questions, ToLanguage } from "./messages.js"

const port = parentPort!
const post = (message: FromLanguage) => port.postMessage(message)
const language = new Language(typescript())

port.on("message", (message: ToLanguage) => {
  if (message.kind === "live") language.setLive(message.names)
  else if (message.kind === "restore") language.restore(message.declarations)
  else post({ kind: "answer", id: message.id, value: answer(message.question) })
})
language.warm()
post({ kind: "ready" })

function answer(question: Question): Questions[keyof Questions]["gives"] {
  switch (question.kind) {
    case "complete":
      return language.complete(question.text, question.cursor)
    case "inspect":
      return language.inspect(question.text, question.cursor)
    case "check":
      return language.check(question.text)
    case "declare":
      return language.declare(question)
  }
}
