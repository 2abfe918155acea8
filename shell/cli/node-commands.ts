/** The processes of a cluster: master and workers. */
import { type Command, Option } from "commander"

export function addNodeCommands(program: Command): void {
  program
    .command("master")
    .description("run a master; with --store one of several, of which one leads and the others stand by")
    .option("--bind <tcp://address:port>", "where to listen", "tcp://127.0.0.1:7077")
    .option("--dir <dir>", "the journal's directory (made when missing)", ".rivulet/master")
    .option("--name <name>", "the cluster's name", "rivulet")
    .option("--store <nats://host:port,…>", "the journal is in NATS JetStream, in place of --dir, for other masters to take over")
    .option("--store-replicas <n>", "how many of the store's servers keep it (default: as it is; when begun 3, or 1)")
    .option("--lease <span>", "with --store: so long after its last word another takes the leading master's place (default: 5s)")
    .option("--begin", "with --store: begin a cluster of this name though the store has others")
    .option("--key <name>", "its key (rivulet keys new): needed to listen beyond this machine")
    .option("--replicas <n>", "copies of received data", "2")
    .option("--min-replicas <n>", "copies without which nothing is acked", "1")
    .option("--durable", "acked data and checkpoints are on disk at their workers: the whole cluster can be started again")
    .option(
      "--task-timeout <span>",
      "what takes longer is stopped, and its stream held; foreachRDD may take twice that, a question a third for one record",
      "30s",
    )
    .option("--metrics <port>", "OpenMetrics over HTTP on this machine: http://127.0.0.1:<port>/metrics")
    .action(async (options, command: Command) => {
      // Only a directory that was asked for excludes a store.
      const dir = options.store !== undefined && command.getOptionValueSource("dir") === "default" ? undefined : options.dir
      await (await import("./master.js")).master({ ...options, dir })
    })

  const worker = program
    .command("worker")
    .description("run a worker; it keeps trying while its master is not there")
    .addOption(
      new Option("--master <tcp://…,…>", "the master; of several, one of which leads, all addresses")
        .env("RIVULET_MASTER")
        .default("tcp://127.0.0.1:7077"),
    )
    .option("--bind <tcp://address:port>", "where to listen (port 0: any free one)", "tcp://127.0.0.1:0")
    .option("--name <name>", "its name (default: the master gives one)")
    .option("--key <name>", "its key (rivulet keys new): the master's own, or one that the master admits")
    .option("--host <label>", "the machine's label: replicas go to another where there is one")
    .option("--cores <n>", "executor threads for streams")
    .option("--memory <size>", "cap of the block memory, up to 4G", "1G")
    .option(
      "--dir <dir>",
      "for spilled blocks and, if the master is --durable, for those that must outlive it (made when missing)",
      ".rivulet/worker",
    )
    .option("--disk <size>", "cap of what lies there", "16G")
    .action(async options => (await import("./worker.js")).worker(options))
  addDrain(worker)
  addDrain(program)
}

/** `rivulet worker drain`, and by itself. */
function addDrain(program: Command): void {
  program
    .command("drain")
    .description("take a worker out: it gets nothing new, what only it has is copied to others, then its process ends; waits for that")
    .argument("<worker>")
    .addOption(new Option("-m, --master <name|tcp://…,…>", "the cluster to ask").env("RIVULET_MASTER"))
    .option("--undo", "it stays")
    .option("--no-wait", "do not wait until it has left")
    .option("--yes", "do not ask")
    .option("--dry-run", "say how much would be copied, and where to")
    .action(async (worker, options) => (await import("./drain.js")).drain(worker, options))
}
