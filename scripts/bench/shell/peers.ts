/** How long other prompts take to be there, of those that are installed: from the start of the process to what shows that it can be typed at. */
import { spawn } from "node:child_process"

const peers: readonly { readonly name: string; readonly args: readonly string[]; readonly prompt: RegExp; readonly input?: string }[] = [
  { name: "node", args: ["-i"], prompt: /^> /m },
  { name: "ipython", args: ["--simple-prompt", "-i", "--no-banner"], prompt: /In \[1\]:/ },
  // It shows no prompt to a pipe: its first answer.
  { name: "duckdb", args: [], prompt: /42/, input: "select 42;\n" },
  { name: "spark-shell", args: [], prompt: /scala>/ },
]
const longestMs = 60_000

/** Milliseconds by name; of each the middle of three. */
export async function peersMs(): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const peer of peers) {
    const times: number[] = []
    for (let i = 0; i < 3; i++) {
      const ms = await promptMs(peer)
      if (ms === null) break
      times.push(ms)
    }
    if (times.length === 3) found[peer.name] = times.sort((a, b) => a - b)[1]!
  }
  return found
}

/** Null: it is not installed, or shows nothing. */
function promptMs({ name, args, prompt, input }: (typeof peers)[number]): Promise<number | null> {
  return new Promise(resolve => {
    const startedMs = performance.now()
    const child = spawn(name, args, { stdio: ["pipe", "pipe", "ignore"] })
    let said = ""
    const end = (ms: number | null) => {
      clearTimeout(timer)
      child.kill("SIGKILL")
      resolve(ms)
    }
    const timer = setTimeout(() => end(null), longestMs)
    child.stdin.on("error", () => {})
    child.on("error", () => end(null))
    child.on("exit", () => end(null))
    child.stdout.on("data", chunk => {
      said += String(chunk)
      if (prompt.test(said)) end(performance.now() - startedMs)
    })
    if (input !== undefined) child.stdin.write(input)
  })
}
