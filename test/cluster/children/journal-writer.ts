/** Appends for ever and tells the parent which records are safe: `journal-writer.ts <directory>`. */
import { LevelJournal } from "../../../cluster/adapters/level-journal.js"

const journal = await LevelJournal.open(process.argv[2]!)
for (let sequence = 1; ; sequence += 3) {
  const outcomes = await Promise.all([0, 1, 2].map(i => journal.append(sequence + i, Buffer.from(`record ${sequence + i}`))))
  if (outcomes.every(outcome => outcome === "appended")) process.send?.(sequence + 2)
}
