/** Brings other engines onto this machine, from where their packages are published, when a benchmark asks for them: into the user's cache, once. */

import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const exec = promisify(execFile)
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "rivulet-bench")
const here = (name: string) => new URL(name, import.meta.url).pathname

/** Where a package of PyPI is installed: its Python. Needs python3. */
export async function fromPyPi(name: string, version: string): Promise<{ readonly python: string; readonly packages: string }> {
  const directory = join(cache, `${name}-${version}`)
  const python = join(directory, "bin/python")
  await once(directory, async () => {
    await run("python3", ["-m", "venv", directory])
    await run(python, ["-m", "pip", "install", "--quiet", `${name}==${version}`])
  })
  const { stdout } = await run(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
  return { python, packages: stdout.trim() }
}

/** Where the jars are that a `pom.xml` of this directory depends on. Needs Maven. */
export async function fromMaven(name: string, version: string): Promise<string> {
  const directory = join(cache, `${name}-${version}`)
  await once(directory, async () => {
    await run("mvn", ["-q", "-f", here(`${name}/pom.xml`), "dependency:copy-dependencies", `-DoutputDirectory=${directory}`])
  })
  return directory
}

/** Compiles `<name>/Streams.java` into that directory, as a jar. Needs a JDK. */
export async function compiled(name: string, jars: string, directory: string): Promise<string> {
  const classes = join(directory, name)
  await run("javac", ["-nowarn", "-cp", join(jars, "*"), "-d", classes, here(`${name}/Streams.java`)])
  const jar = join(directory, `${name}.jar`)
  await run("jar", ["cf", jar, "-C", classes, "."])
  return jar
}

async function once(directory: string, install: () => Promise<void>): Promise<void> {
  const ready = join(directory, "ready")
  if (existsSync(ready)) return
  await mkdir(directory, { recursive: true })
  await install()
  await writeFile(ready, "")
}

async function run(command: string, args: readonly string[]) {
  try {
    return await exec(command, args, { maxBuffer: 2 ** 26 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Error(`${command} is not installed here, and it is needed for this`)
    throw error
  }
}
