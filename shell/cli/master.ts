import { startMaster } from "../../cluster/master/main.js"
import { duration, positiveInteger } from "./options.js"

export interface MasterOptions {
  readonly bind: string
  readonly dir: string
  readonly name: string
  readonly key?: string
  readonly replicas: string
  readonly minReplicas: string
  readonly durable?: boolean
  readonly taskTimeout: string
}

/** `rivulet master`: runs until SIGTERM, SIGINT or SIGHUP. */
export async function master(options: MasterOptions): Promise<void> {
  const replicas = positiveInteger(options.replicas, "--replicas", 8)
  const minReplicas = positiveInteger(options.minReplicas, "--min-replicas", replicas)
  const { bind, dir, name: cluster, key, durable } = options
  const taskTimeoutMs = duration(options.taskTimeout, "--task-timeout")
  await startMaster({ bind, dir, cluster, key, replicas, minReplicas, durable, taskTimeoutMs })
}
