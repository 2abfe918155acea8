/** Appends until its file-size limit stops it, has the limit lifted, goes on: `full-journal.ts <directory>`. Tells the parent how it went. */
import { execFileSync } from "node:child_process"
import { LevelJournal } from "../../../cluster/adapters/level-journal.js"

const journal = await LevelJournal.open(process.argv[2]!)
const record = new Uint8Array(20_000).fill(7)
let sequence = 1
let failures = 0
for (let lifted = false; sequence <= 40; ) {
  try {
    await journal.append(sequence, record)
    sequence += 1
  } catch {
    failures += 1
    if (failures === 3 && !lifted) {
      execFileSync("prlimit", ["--pid", String(process.pid), "--fsize=unlimited"])
      lifted = true
    }
    if (failures > 10) break
  }
}
await journal.close()
process.stdout.write(JSON.stringify({ appended: sequence - 1, failures }))
