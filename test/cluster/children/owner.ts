/** Owns an embedded cluster, tells its parent what to look for, and does nothing more. */
import { startEmbedded } from "../../../cluster/embedded.js"

const cluster = await startEmbedded({ workers: 1, memoryBytes: 2 ** 20 })
process.send?.({ pids: [...cluster.processes().values()], directory: cluster.directory })
setInterval(() => {}, 60_000)
