/** The engines that a benchmark can be run beside, and what each of them does of its works. */

import { join } from "node:path"
import type { Files } from "./input.js"
import { compiled, fromMaven, fromPyPi } from "./install.js"
import type { Program } from "./race.js"

export type StreamWork = "grep" | "wordcount"

/** A program over files, and which of them its result is of. */
export interface StreamProgram extends Program {
  readonly from: number
  readonly to: number
  /** How its work is another one than ours; empty: it is the same. */
  readonly differs: string
}

export interface Log {
  readonly path: string
  readonly lines: number
}

export interface Rival {
  readonly name: string
  /** What exactly runs, for the table. */
  readonly title: string
  /** Over so many seconds of input, about. The window slides by a second. */
  readonly streams?: (
    work: StreamWork,
    input: Files,
    run: { readonly seconds: number; readonly windowSeconds: number },
  ) => Promise<StreamProgram>
  /** An access log: counts by URL and status, errors by minute. */
  readonly batch?: (log: Log) => Promise<Program>
}

/** Lines a second that it takes on two cores, about, so that a run lasts as long as it should. */
const paces = {
  spark: { grep: 1_600_000, wordcount: 200_000 },
  flink: { grep: 4_000_000, wordcount: 300_000 },
} as const

const batchProgram = (file: string) => new URL(`batch/${file}`, import.meta.url).pathname
const javaHeap = "4g"

export const rivals: readonly Rival[] = [
  {
    name: "spark",
    title: "Spark 4.3.0, local[2]",
    async streams(work, { directory, files, linesPerFile }, { seconds, windowSeconds }) {
      const home = await sparkHome()
      const jar = await compiled("spark", join(home, "jars"), directory)
      const filesPerInterval = Math.round(paces.spark[work] / linesPerFile)
      const args = [work, directory, files, filesPerInterval, linesPerFile, seconds, windowSeconds].map(String)
      const from = work === "grep" ? 0 : Math.max(0, seconds - windowSeconds) * filesPerInterval
      return {
        command: join(home, "bin/spark-submit"),
        args: ["--class", "Streams", "--driver-memory", javaHeap, jar, ...args],
        env: { SPARK_HOME: home },
        from,
        to: seconds * filesPerInterval,
        differs: "",
      }
    },
    async batch({ path, lines }) {
      const { python } = await pyspark()
      return { command: python, args: [batchProgram("spark_log.py"), path, String(lines)] }
    },
  },
  {
    name: "flink",
    title: "Flink 2.3.0, parallelism 2",
    async streams(work, { directory, files, linesPerFile }, { seconds }) {
      const jars = await fromMaven("flink", "2.3.0")
      const jar = await compiled("flink", jars, directory)
      const reads = Math.max(1, Math.round((seconds * paces.flink[work]) / linesPerFile))
      const opens = ["java.base/java.util", "java.base/java.lang"].map(one => `--add-opens=${one}=ALL-UNNAMED`)
      const args = [work, directory, files, reads].map(String)
      return {
        command: "java",
        args: [`-Xmx${javaHeap}`, ...opens, "-cp", `${jar}:${join(jars, "*")}`, "Streams", ...args],
        from: 0,
        to: reads,
        differs: work === "wordcount" ? ", running, no window" : "",
      }
    },
  },
  {
    name: "duckdb",
    title: "DuckDB 2.0.0, 2 threads",
    async batch({ path, lines }) {
      const { python } = await fromPyPi("duckdb", "2.0.0")
      return { command: python, args: [batchProgram("duckdb_log.py"), path, String(lines)] }
    },
  },
  {
    name: "polars",
    title: "Polars 2.1.0, 2 threads",
    async batch({ path, lines }) {
      const { python } = await fromPyPi("polars", "2.1.0")
      return { command: python, args: [batchProgram("polars_log.py"), path, String(lines)] }
    },
  },
]

const pyspark = () => fromPyPi("pyspark", "4.3.0")

/** PyPI's package has all of Spark's jars and commands. */
async function sparkHome(): Promise<string> {
  return join((await pyspark()).packages, "pyspark")
}
