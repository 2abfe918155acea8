/** A `TaskRunner` whose tasks do what their stage's label says. */
import { type OutputMemory, reusedBytes } from "../../../engine/output-memory.js"
import type { TaskOutput, TaskProgress, TaskResult, TaskRun } from "../../../engine/task.js"

const keep = new Uint8Array(100)

export class TaskRunner {
  private readonly assets: string[] = []

  constructor(
    private readonly memory: SharedArrayBuffer,
    private readonly options: { readonly memory: OutputMemory },
  ) {}

  addAsset(hash: string, bytes: Uint8Array): void {
    this.assets.push(`${hash}:${bytes.byteLength}`)
  }

  forgetState(stream: string, before: number): void {
    this.assets.push(`forgot ${stream} ${before}`)
  }

  run(run: TaskRun, progress: TaskProgress | null): TaskResult {
    const outputs: TaskOutput[] = []
    switch (run.stage.label) {
      case "partition":
        outputs.push({ bytes: Buffer.from(`p${run.partition}`), rows: 1 })
        break
      case "memory": {
        const { offset, length } = run.inputs[0]!.parts[0]!
        outputs.push({ bytes: Uint8Array.from(new Uint8Array(this.memory, offset, length)), rows: 1 })
        break
      }
      case "assets":
        outputs.push({ bytes: new Uint8Array(Buffer.from(this.assets.join(" "))), rows: 1 })
        break
      case "taken": {
        // Tells how often its memory was taken.
        const bytes = this.options.memory.take(reusedBytes)
        bytes[0]!++
        outputs.push({ bytes, rows: 1 })
        break
      }
      case "part of a buffer":
        keep[50]!++
        outputs.push({ bytes: keep.subarray(50, 51), rows: 1 }, { bytes: keep.subarray(50, 51), rows: 1 })
        break
      case "throw":
        throw Object.assign(new Error("x"), { failure: { kind: "user", message: "no field url", operator: "map" } })
      case "throw at length":
        throw Object.assign(new Error("x"), { failure: { kind: "user", message: "x".repeat(1_000_000) } })
      case "bug":
        throw new TypeError("a bug")
      case "loop": {
        // Says that it has begun in the last word of memory.
        const words = new Int32Array(this.memory)
        Atomics.store(words, words.length - 1, 1)
        for (;;);
      }
      case "steps":
        // Each well within the limit, all of them well beyond it.
        for (let step = 0; step < 20; step++) {
          progress![0]!++
          for (const { user, system } = process.cpuUsage(); ; ) {
            const now = process.cpuUsage()
            if (now.user + now.system - user - system > 50_000) break
          }
        }
        outputs.push({ bytes: Buffer.from("20 steps"), rows: 1 })
        break
      case "exit":
        process.exit(0)
        break
      case "fill the heap": {
        const all: unknown[] = []
        for (;;) all.push({ all: new Array(1_000).fill(all.length) })
      }
    }
    return { outputs, rowsIn: 0, rowsOut: outputs.length, logs: [], aside: { count: 0, samples: [] } }
  }
}
