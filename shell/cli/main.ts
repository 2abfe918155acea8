#!/usr/bin/env node
/**
 * The `rivulet` binary: arguments in, one command module loaded and run, an exit code out. Command modules are
 * loaded only when asked for, so that a master or worker never loads the screen's libraries.
 */
import { existsSync, readFileSync } from "node:fs"
import { Command, CommanderError, Option } from "commander"
import { RivuletError } from "../../engine/errors.js"
import { nearest } from "../../engine/nearest.js"
import { reportError, usageError } from "./errors.js"
import { addMachineCommands } from "./machine-commands.js"
import { takeNoColor } from "./no-color.js"
import { addNodeCommands } from "./node-commands.js"
import { endWithNpm } from "./npm.js"

const version = (
  JSON.parse(
    readFileSync(new URL(import.meta.url.endsWith(".ts") ? "../../package.json" : "../../../package.json", import.meta.url), "utf8"),
  ) as { version: string }
).version

// An empty variable is one that was not set.
for (const name of ["RIVULET_MASTER", "RIVULET_TZ", "RIVULET_CONFIG"]) if (process.env[name] === "") delete process.env[name]

const program = new Command("rivulet")
  .description("Discretized Streams, live: define streams on a running cluster and ask its state")
  .version(version, "--version")
  .exitOverride()
  .configureOutput({ writeErr: () => {}, outputError: () => {} })
  .showHelpAfterError(false)
  .enablePositionalOptions()

const master = () => new Option("-m, --master <name|tcp://…,…>", "the cluster to ask").env("RIVULET_MASTER")
const output = () => new Option("-o <format>", "table, json, ndjson, csv, arrow or parquet")
const lines = () => new Option("-o <format>", "table, ndjson or json: a line each")
const save = () => new Option("--save <dir>", "write the exported streams there, an NDJSON file each")
const resume = () => new Option("--resume", "with --save: go on with a run that was interrupted")
const readOnly = () => new Option("--read-only", "change nothing: functions of the understood subset alone; the master refuses all else")
const tz = () => new Option("--tz <zone>", "time zone of times as text").env("RIVULET_TZ")

program
  .command("start")
  .description("a cluster on this machine with made-up traffic, and the shell attached to it (what `npm start` runs)")
  .option("--workers <n>", "worker processes", "2")
  .option("--plain", "no screen: Node's line editor")
  .addOption(tz())
  .action(async options => {
    endWithNpm()
    await (await import("./start.js")).start(options)
  })

program
  .command("shell", { isDefault: true })
  .description("attach to a running master")
  .argument("[files...]", "a file of cells to run first; with --local: directories of --save or archive(dir), each a program")
  .addOption(master())
  .option("--local [workers]", "a cluster of its own, which ends with the shell")
  .option("--demo", "with --local: made-up web traffic")
  .option("--plain", "no screen: Node's line editor")
  .addOption(readOnly())
  .option("-e, --eval <cell>", "run one cell and leave")
  .option("--keep-going", "in a script: go on after a cell that failed")
  .addOption(tz())
  .action(async (files, options, command: Command) => {
    // A flag goes before the environment: who asks for a cluster of his own has said which.
    const own = options.local !== undefined && command.getOptionValueSource("master") === "env"
    await (await import("./shell.js")).shell(files, own ? { ...options, master: undefined } : options)
  })

program
  .command("query")
  .description("one answer, then exit")
  .argument("<expression>")
  .addOption(master())
  .addOption(output())
  .addOption(tz())
  .addOption(readOnly())
  .option("--at <time>", "what `latest()` and `now` mean")
  .option("--timeout <duration>", "give up after this long (exit 124)")
  .option("--partial", "with --timeout: what is there by then, and exit 5 if that is not all")
  .option("--stamp", "print the stamp on stderr")
  .action(async (expression, options) => (await import("./query.js")).query(expression, options))

program
  .command("watch")
  .description("an answer each interval, until Ctrl-C")
  .argument("<expression>")
  .addOption(master())
  .addOption(lines())
  .addOption(tz())
  .addOption(readOnly())
  .option("--until <predicate>", "end (exit 0) when the function of the answer is true")
  .option("--for <duration>", "end after this long")
  .option("--changes", "of pairs: in place of all rows those that changed since the answer before, with before, after and delta")
  .action(async (expression, options) => (await import("./watch.js")).watch(expression, options))

program
  .command("send")
  .description("lines of files, or of stdin, into a stream; ends when all is acked by two workers")
  .argument("<stream>")
  .argument("[files...]")
  .addOption(master())
  .option("--rate <lines>", "lines a second at most")
  .option("--speed <times>", "by their own times, so many times as fast as they came: 10x")
  .option("--timestamp <field>", "which field that is (an access log needs none); alone: as fast as they came")
  .option(
    "--follow <file>",
    "what is in it and what is added, over rotations, until Ctrl-C; where it is stays on disk: each line once, whoever is killed",
  )
  .option("--no-wait", "exit 5 at once when nobody has defined the stream")
  .addOption(new Option("-o <format>", "ndjson: counters on stderr, a line a second").choices(["ndjson"]))
  .action(async (stream, files, options) => (await import("./send.js")).send(stream, files, options))

program
  .command("submit")
  .description("put a program on the master: its exports become streams that live there")
  .argument("<program.ts>")
  .addOption(master())
  .option("--name <name>", "the program's name (default: the file's)")
  .option(
    "--from <time|archive>",
    "what is new or changes begins then (archive: as far back as the inputs are archived), beside what runs, and catches up with it",
  )
  .option("--dry-run", "the plan alone: what would be added, changed, stopped")
  .option("--yes", "do not ask")
  .option("--force", "also another's program")
  .action(async (file, options) => (await import("./submit.js")).submit(file, options))

program
  .command("run")
  .description("run a program of bounded sources, or notebooks (.md, .ipynb), to the end, on a cluster of its own unless -m is given")
  .argument("<file...>")
  // Not of the environment: it runs here unless a cluster is named.
  .addOption(new Option("-m, --master <name|tcp://…,…>", "a running cluster in place of its own"))
  .addOption(lines())
  .option("--workers <n>", "workers of its own cluster (default: 2, or as the notebook says)")
  .option("--check", "notebooks: exit 1 if an output differs from what stands under its cell, or a picture from its file")
  .option("--update", "notebooks: write the outputs under their cells, and their pictures")
  .option("--clock <simulated|real>", "notebooks: whether time goes on by input alone")
  .option("--seed <n>", "notebooks: everything takes its time, by this seed; outputs do not depend on it")
  .option(
    "--kill <worker@time>",
    "notebooks: a simulated worker ends, as w2@3s; outputs do not depend on it",
    (kill: string, kills: string[]) => [...kills, kill],
    [],
  )
  .option("--report <junit=file>", "notebooks: also as JUnit's XML")
  .addOption(save())
  .addOption(resume())
  .option("--keep", "with -m: what the program defined goes on there")
  .option(
    "--only <stream@time/partition>",
    "of a program that runs on a cluster: that partition is made again here and compared byte by byte; exit 1 if it differs",
  )
  .option("--inspect [[host:]port]", "with --only: under Node's debugger, stopped at the call that fails, or at the first")
  .option("--timeout <duration>", "give up after this long (exit 124)")
  .action(async (files, options) => (await import("./run.js")).run(files, options))

program
  .command("replay")
  .description("batch mode: the same program over old logs, by their own time stamps, or over an archive's intervals")
  .argument("<program.ts>")
  .requiredOption(
    "--input <name=glob>",
    "an input stream and its files, or archive:<dir> (repeat)",
    (value: string, before: string[]) => [...before, value],
    [],
  )
  .option("--format <format>", "text, combined, json or csv")
  .option("--timestamp <field>", "the record's field that holds its time")
  .option("--disorder <duration>", "how far behind the newest time a line may be", "1m")
  .option("--workers <n>", "how many tasks run at a time: in a worker process each, or in one if all input fits into memory", "2")
  .option("--memory <size>", "what all processes together are to take: bounds blocks, not heaps; default: 512 MB of blocks a worker")
  .option("--from <time>", "of an archive: intervals that begin then or later")
  .option("--to <time>", "of an archive: intervals that begin before")
  .option(
    "--compare <master|dir>",
    "compare each interval with the live streams of the same names, or with what --save wrote; exit 1 if any differs",
  )
  .addOption(save())
  .addOption(resume())
  .option("--timeout <duration>", "give up after this long (exit 124)")
  .addOption(lines())
  .action(async (file, options) => (await import("./replay.js")).replay(file, options))

program
  .command("diff")
  .description("interval by interval: two directories of --save, or one and a live master, or a stream of each; exit 1 if any differs")
  .argument("<a>", "nov/, nov/counts, tcp://127.0.0.1:7077 or shop:counts")
  .argument("<b>")
  .addOption(lines())
  .option("--by <interval>", "by longer intervals: of records totals by key, of states and windows the last version in each")
  .option(
    "--tolerance <share>",
    "numbers that differ by no more than this share of the greater are the same: 1e-9, 0.1%; with --by all of an interval together",
  )
  .action(async (a, b, options) => (await import("./diff.js")).diff(a, b, options))

for (const [name, description] of [
  ["status", "health in ten lines"],
  ["streams", "what runs and what can be asked"],
  ["workers", "the workers"],
  ["programs", "the programs and whose they are"],
] as const) {
  const command = program.command(name).description(description).addOption(master()).addOption(output()).addOption(tz())
  if (name === "status") command.option("--check", "exit 1 if anything is held or behind")
  if (name === "streams") command.option("--program <name>", "of one program")
  command.action(async options => (await import("./inspect.js")).inspect(name, options))
}

program
  .command("why")
  .description("why a stream is held, late or slow: causes with their shares, and what to try")
  .argument("<stream>")
  .addOption(master())
  .addOption(lines())
  .addOption(tz())
  .action(async (stream, options) => (await import("./why.js")).why(stream, options))

program
  .command("jobs")
  .description("the newest intervals' jobs: how long each took, what waits, what runs")
  .argument("[stream]")
  .option("-f, --follow", "each as it ends, until Ctrl-C")
  .option("--last <span>", "how far back: 10m; a minute unless given")
  .addOption(master())
  .addOption(output())
  .addOption(tz())
  .action(async (stream, options) => (await import("./jobs.js")).jobs(stream, options))

program
  .command("events")
  .description("what happened in the cluster: workers, definitions, streams held, tasks tried again; by kind also seals and checkpoints")
  .argument("[stream]", "about it alone")
  .option("-f, --follow", "go on with what happens from now on")
  .option("--kind <kind,…>", "of these kinds alone (repeat)", (kind: string, kinds: string[] = []) => [...kinds, kind])
  .option("--all", "also what happens all the time: seals, checkpoints")
  .option("--last <span>", "how far back: 10m; an hour unless given")
  .addOption(master())
  .addOption(output())
  .addOption(tz())
  .action(async (stream, options) => (await import("./events.js")).events(stream, options))

program
  .command("stop")
  .description("stop streams")
  .argument("<stream...>")
  .addOption(master())
  .option("--cascade", "and what depends on them")
  .option("--force", "also another's")
  .option("--yes", "do not ask")
  .option("--dry-run", "say what would stop")
  .action(async (streams, options) => (await import("./stop.js")).stop(streams, options))

program
  .command("resume")
  .description("a held stream goes on")
  .argument("<stream>")
  .addOption(master())
  .addOption(
    new Option("--skip <what>", "without the records of the failed interval at which its function throws, or without the interval").choices(
      ["record", "interval"],
    ),
  )
  .option("--force", "also another's")
  .option("--yes", "do not ask (a cluster whose profile says confirm)")
  .option("--dry-run", "say from where it would go on, and without what")
  .action(async (stream, options) => (await import("./resume.js")).resume(stream, options))

program
  .command("replace")
  .description("what an expression gives takes a stream's place; shows the plan first")
  .argument("<stream>")
  .argument("<expression>")
  .addOption(master())
  .option("--from <time>", "failed, next or a time; where it failed if it did, else the next interval")
  .option("--state <how>", "keep, reset, or a function of the old state")
  .option("--dry-run", "the plan alone")
  .option("--yes", "do not ask")
  .option("--force", "also another's")
  .action(async (stream, expression, options) => (await import("./replace.js")).replace(stream, expression, options))

program
  .command("keep")
  .description("what a shell defined stays until it is stopped")
  .argument("<stream...>")
  .addOption(master())
  .option("--force", "also another's")
  .option("--yes", "do not ask (a cluster whose profile says confirm)")
  .option("--dry-run", "say what would stay")
  .action(async (streams, options) => (await import("./keep.js")).keep(streams, options))

program
  .command("rename")
  .description("give a stream another name")
  .argument("<stream>")
  .argument("<name>")
  .addOption(master())
  .option("--force", "also another's")
  .option("--yes", "do not ask (a cluster whose profile says confirm)")
  .option("--dry-run", "say what would be renamed; exit 4 if it would be refused")
  .action(async (stream, name, options) => (await import("./rename.js")).rename(stream, name, options))

program
  .command("logs")
  .description("what functions printed")
  .argument("[stream]")
  .option("-f, --follow", "go on with what is printed from now on")
  .option("--since <span>", "how far back: 5m, 2h; an hour unless given")
  .addOption(master())
  .addOption(lines())
  .action(async (stream, options) => (await import("./logs.js")).logs(stream, options))

addNodeCommands(program)
addMachineCommands(program)
takeNoColor(program)

try {
  refuseUnknown(process.argv[2])
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.code === "commander.helpDisplayed" || error.code === "commander.version" || error.code === "commander.help")
      process.exit(error.exitCode)
    reportError(usageError(error), process.argv)
  } else reportError(error, process.argv)
}

/** A word that is no command is a file for the shell, if there is one. */
function refuseUnknown(word: string | undefined): void {
  if (word === undefined || !/^[a-z-]+$/.test(word) || word.startsWith("-") || existsSync(word)) return
  const names = [...program.commands.map(command => command.name()), "help"]
  const near = names.includes(word) ? undefined : nearest(word, names)
  if (names.includes(word)) return
  throw new RivuletError(`${word} is not a command, and no file of cells`, {
    code: 2,
    try: near === undefined ? "rivulet --help" : `rivulet ${near}`,
  })
}
