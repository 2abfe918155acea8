/** Completion for bash, zsh and fish: the scripts ask `rivulet __complete`, which knows commands, flags, and the streams that run. */
import { readdirSync } from "node:fs"
import type { Command } from "commander"
import { configFiles, profiles } from "./config.js"

const scripts: Readonly<Record<string, string>> = {
  bash: `_rivulet() {
  local IFS=$'\\n'
  COMPREPLY=($(rivulet __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _rivulet rivulet
`,
  zsh: `#compdef rivulet
_rivulet() {
  local -a found
  found=("\${(@f)$(rivulet __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found || _files
}
compdef _rivulet rivulet
`,
  fish: `complete -c rivulet -f -a '(rivulet __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

const howTo: Readonly<Record<string, string>> = {
  bash: 'eval "$(rivulet completion bash)" in ~/.bashrc',
  zsh: 'eval "$(rivulet completion zsh)" in ~/.zshrc, after compinit',
  fish: "rivulet completion fish > ~/.config/fish/completions/rivulet.fish",
}

export function completion(shell: string, _program: Command): void {
  process.stdout.write(scripts[shell]!)
  if (process.stdout.isTTY) process.stderr.write(`${howTo[shell]}\n`)
}

const takesStreams = new Set(["why", "stop", "resume", "replace", "keep", "rename", "logs", "jobs", "events", "send", "watch", "query"])
/** Most of it is the loading of the client. */
const patienceMs = 2_500

/** Words that the last of \`words\` may become, a line each. */
export async function complete(words: readonly string[], program: Command): Promise<void> {
  const found = await candidates(words[0] === "--" ? words.slice(1) : words, program, streamNames)
  process.stdout.write(found.map(word => `${word}\n`).join(""))
  // A master that does not answer is not waited for.
  process.exit(0)
}

export async function candidates(
  words: readonly string[],
  program: Command,
  streams: (master: string | undefined) => Promise<readonly string[]>,
): Promise<string[]> {
  const last = words.at(-1) ?? ""
  const before = words.slice(0, -1)
  let command = program
  for (const word of before) command = command.commands.find(one => one.name() === word) ?? command
  const previous = command.options.find(option => option.short === before.at(-1) || option.long === before.at(-1))
  const fits = (all: readonly string[]) => [...new Set(all)].filter(word => word.startsWith(last)).sort()
  if (previous?.long === "--master") return fits(masters())
  if (previous?.argChoices) return fits(previous.argChoices)
  if (previous?.short === "-o") return fits(["table", "json", "ndjson", "csv", "arrow", "parquet"])
  if (previous?.long === "--key") return fits(keyNames())
  if (previous?.long === "--kind") return fits((await import("../host/event-line.js")).eventKinds)
  if (last.startsWith("-"))
    return fits(command.options.flatMap(({ long, short }) => [long, long === undefined ? short : undefined].filter(flag => flag != null)))
  if (command.commands.length > 0) return fits(command.commands.map(one => one.name()).filter(name => !name.startsWith("__")))
  const choices = command.registeredArguments.flatMap(argument => argument.argChoices ?? [])
  if (choices.length > 0) return fits(choices)
  if (!takesStreams.has(command.name())) return []
  const at = before.findIndex(word => word === "-m" || word === "--master")
  return fits(await streams(at < 0 ? undefined : before[at + 1]))
}

function masters(): string[] {
  try {
    return profiles().map(({ name }) => name)
  } catch {
    return []
  }
}

function keyNames(): string[] {
  try {
    return readdirSync(`${process.env.XDG_CONFIG_HOME ?? `${process.env.HOME}/.config`}/rivulet/keys`).flatMap(
      file => /^(.+)\.key$/.exec(file)?.[1] ?? [],
    )
  } catch {
    return []
  }
}

async function streamNames(master: string | undefined): Promise<string[]> {
  try {
    configFiles()
    const { attach } = await import("./attach.js")
    const asked = attach(master === undefined ? {} : { master }).then(session => session.streams())
    const late = new Promise<never[]>(resolve => setTimeout(resolve, patienceMs, []))
    const streams = await Promise.race([asked, late])
    return streams.flatMap(({ program, name }) => (name.includes("@") ? [] : [name, `${program}/${name}`]))
  } catch {
    return []
  }
}
