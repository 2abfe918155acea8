/** What a simulated worker asks of its machine, done by the simulated adapters. */
import type { EffectCommand } from "../runtime.js"
import { poisonByte } from "../worker/allocator.js"
import type { SimulatedDisk } from "./disk.js"
import type { SimulatedDrivers } from "./drivers.js"
import type { SimulatedExecutors } from "./executors.js"
import type { SimulatedNode } from "./node.js"
import type { SimulatedSources } from "./sources.js"

interface Adapters {
  readonly disk: SimulatedDisk
  readonly sources: SimulatedSources
  readonly drivers: SimulatedDrivers | null
}

/** True: it was one of a worker's own, and is done or under way. */
export function performForWorker(
  { disk, sources, drivers }: Adapters,
  command: EffectCommand,
  node: SimulatedNode,
  executors: SimulatedExecutors,
): boolean {
  const done = (event: Parameters<SimulatedNode["dispatch"]>[0]) => node.dispatch(event)
  switch (command.kind) {
    case "submit":
      executors.submit(command.task, command.executor, command.run, command.limits)
      return true
    case "asset":
      executors.addAsset(command.hash, command.bytes)
      return true
    case "dropAssets":
      executors.dropAssets(command.hashes)
      return true
    case "kill":
      executors.kill(command.task, command.executor)
      return true
    case "setApart":
      executors.setApart(command.task, command.executor)
      return true
    case "outputOver":
      // It would be written over at any time from now on.
      command.bytes.fill(poisonByte)
      return true
    case "forgetState":
      executors.forgetState(command.stream, command.before)
      return true
    case "readFile":
      disk.read(node.node, command, done)
      return true
    case "readOver":
      disk.readOver(node.node, command.request)
      return true
    case "openSource":
      sources.open(command.source, command.url, node, done)
      return true
    case "pullSource":
      sources.pull(command.source)
      return true
    case "closeSource":
      sources.close(command.source)
      return true
    case "listFiles":
      disk.list(command.request, command.paths, done)
      return true
    case "writeFile":
      disk.write(command.request, command.path, command.bytes, done)
      return true
    case "spill":
      disk.spill(command.request, command.path, command.parts, done)
      return true
    case "appendFile":
      disk.append(node.node, command, done)
      return true
    case "runDriver":
      if (drivers === null) return false
      drivers.run(command, executors.assets, node)
      return true
    case "killDriver":
      drivers?.kill(command.task)
      return true
    case "upsert":
      disk.upsert(command.request, command.write, done)
      return true
    case "removeFile":
      disk.remove(command.path)
      return true
    default:
      return false
  }
}
