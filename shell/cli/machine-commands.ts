/** Commands about this machine rather than a cluster's streams: a cluster of its own that stays, settings, keys, the kernel, what is wrong. */
import { Argument, type Command, Option } from "commander"

export function addMachineCommands(program: Command): void {
  program
    .command("up")
    .description("a master and workers on this machine that outlive shells; prints the master's address")
    .option("--workers <n>", "worker processes", "2")
    .option("--port <port>", "the master's", "7077")
    .action(async options => (await import("./up.js")).up(options))
  program
    .command("down")
    .description("end the cluster that `rivulet up` started here")
    .action(async () => (await import("./up.js")).down())
  program
    .command("config")
    .description("the settings that hold, and where each comes from")
    .action(async () => (await import("./config.js")).config())
  program
    .command("doctor")
    .description("what is wrong with this machine: versions, terminal, keys, disk, the master and its clock")
    .addOption(new Option("-m, --master <name|tcp://…,…>", "the cluster to look for").env("RIVULET_MASTER"))
    .action(async options => (await import("./doctor.js")).doctor(options))
  program
    .command("completion")
    .description("a script that completes rivulet's commands, flags and streams")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .action(async shell => (await import("./completion.js")).completion(shell, program))
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .helpOption(false)
    .action(async words => (await import("./completion.js")).complete(words, program))

  program
    .command("convert")
    .description("a notebook from Markdown to Jupyter's format, or back")
    .argument("<from>")
    .argument("<to>")
    .action(async (from, to) => (await import("./convert.js")).convert(from, to))
  const kernel = program.command("kernel").description("Rivulet in Jupyter's notebooks")
  kernel
    .command("install")
    .description("write the kernel's spec where Jupyter finds it")
    .addOption(new Option("-m, --master <name|tcp://…,…>", "the cluster that its notebooks attach to (default: one of their own)"))
    .option("--name <name>", "what Jupyter calls it", "rivulet")
    .option("--prefix <dir>", "below <dir>/share/jupyter, in place of the user's own directory")
    .action(async options => (await import("./kernel.js")).install(options))
  kernel
    .command("run")
    .description("what Jupyter starts")
    .argument("<connection file>")
    .addOption(new Option("-m, --master <name|tcp://…,…>", "the cluster to ask").env("RIVULET_MASTER"))
    .addOption(new Option("--tz <zone>", "time zone of times as text").env("RIVULET_TZ"))
    .option("--workers <n>", "workers of a cluster of its own", "2")
    .action(async (file, options) => (await import("./kernel.js")).run(file, options))

  const keys = program.command("keys").description("keys of who may attach to a cluster that listens beyond this machine")
  keys
    .command("new")
    .description("make a key; prints its public half")
    .argument("[name]", "its name", "default")
    .action(async name => (await import("./keys.js")).newKey(name))
  keys
    .command("allow")
    .description("admit a public key to the masters and workers of this machine, at once")
    .argument("<public key>")
    .argument("[who...]", "whose it is")
    .option("--read-only", "to ask alone: whatever the client says, it changes nothing")
    .action(async (key, who: string[], options) => (await import("./keys.js")).allow(key, who.join(" ") || "unnamed", options))
  keys
    .command("list")
    .description("own keys, and those that are admitted here")
    .action(async () => (await import("./keys.js")).list())
}
