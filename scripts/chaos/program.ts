/** What runs while processes are killed: state, a window with an inverse, a stateless stream that is kept and written to files. */
import { readStream } from "rivulet"

const lines = readStream("lines", "1s", { remember: "5m" })
export const ones = lines.flatMap(line =>
  line
    .split(" ")
    .slice(2)
    .map(word => [word, 1]),
)
export const counts = ones.runningReduce((a, b) => a + b).remember("5m")
export const recent = ones
  .reduceByWindow(
    "5s",
    (a, b) => a + b,
    (a, b) => a - b,
  )
  .remember("5m")
export const perInterval = ones
  .reduceByKey((a, b) => a + b)
  .persist()
  .remember("5m")
perInterval.save("OUTPUT")
