import { startMaster } from "../../cluster/master/main.js"
import { RivuletError } from "../../engine/errors.js"
import { duration, positiveInteger } from "./options.js"

export interface MasterOptions {
  readonly bind: string
  readonly dir?: string
  readonly name: string
  readonly key?: string
  readonly replicas: string
  readonly minReplicas: string
  readonly durable?: boolean
  readonly taskTimeout: string
  readonly store?: string
  readonly storeReplicas?: string
  readonly lease?: string
  readonly begin?: boolean
  readonly metrics?: string
}

/** Below, a pause of the process or of the store would be taken for its end. */
const leastLeaseMs = 500

/** `rivulet master`: runs until SIGTERM, SIGINT or SIGHUP, or until another master has taken its place. */
export async function master(options: MasterOptions): Promise<void> {
  const replicas = positiveInteger(options.replicas, "--replicas", 8)
  const minReplicas = positiveInteger(options.minReplicas, "--min-replicas", replicas)
  const { bind, name: cluster, key, durable, metrics } = options
  const taskTimeoutMs = duration(options.taskTimeout, "--task-timeout")
  const settings = { bind, cluster, key, replicas, minReplicas, durable, taskTimeoutMs, metrics }
  if (options.store === undefined) {
    const given = (["storeReplicas", "lease", "begin"] as const).find(one => options[one] !== undefined)
    const flag = given === "storeReplicas" ? "--store-replicas" : `--${given}`
    if (given !== undefined)
      throw new RivuletError(`${flag} is of a store, and there is none`, { code: 2, try: "--store nats://host:4222" })
    await startMaster({ ...settings, dir: options.dir as string })
    return
  }
  if (options.dir !== undefined)
    throw new RivuletError("--dir and --store exclude each other: the journal is in one of them", { code: 2, try: "one of the two" })
  const leaseMs = options.lease === undefined ? undefined : duration(options.lease, "--lease")
  if (leaseMs !== undefined && leaseMs < leastLeaseMs)
    throw new RivuletError(`--lease ${options.lease}: too short`, { code: 2, try: `--lease ${leastLeaseMs}ms, or 5s` })
  const storeReplicas = options.storeReplicas === undefined ? undefined : positiveInteger(options.storeReplicas, "--store-replicas", 5)
  const { startCandidate } = await import("../../cluster/master/candidate.js")
  await startCandidate({
    ...settings,
    store: options.store,
    begin: options.begin ?? false,
    ...(leaseMs !== undefined && { leaseMs }),
    ...(storeReplicas !== undefined && { storeReplicas }),
  })
}
