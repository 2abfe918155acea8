// Compiles all of the sources and tests into .tests/, file by file as the TypeScript loader does, so that a whole run's processes and
// threads (some thousand) load plain modules: with a loader each would start one of its own, and take twice the time to start.
// Programs are type-checked against declarations, as those of the package's users are: against the sources it takes six times as long.
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import glob from "fast-glob"

const require = createRequire(import.meta.url)
const mapComment = /\n\/\/# sourceMappingURL=data:application\/json;charset=utf-8;base64,(\S+)\s*$/

/** What was compiled of `engine/time.ts` is `engine/time.js` in the directory that this gives. Only what has changed is compiled again. */
export function buildTests(root) {
  const directory = join(root, ".tests")
  const timeOf = path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const settingsMs = Math.max(...["tsconfig.json", "package-lock.json", "scripts/build-tests.mjs"].map(file => timeOf(join(root, file))))
  const sources = glob.sync("{engine,cluster,shell,test,scripts}/**/*.{ts,tsx}", { cwd: root, stats: true, ignore: ["**/*.d.ts"] })
  const ours = new Set()
  let service
  for (const { path, stats } of sources) {
    const output = join(directory, path.replace(/\.tsx?$/, ".js"))
    ours.add(output)
    // An output has its source's time.
    const before = statSync(output, { throwIfNoEntry: false })
    if (before !== undefined && before.mtime.getTime() === stats.mtime.getTime() && settingsMs <= before.ctimeMs) continue
    service ??= require("ts-node").create({ cwd: root })
    const source = join(root, path)
    const text = service.compile(readFileSync(source, "utf8"), source)
    const [comment, map] = mapComment.exec(text) ?? ["", ""]
    mkdirSync(dirname(output), { recursive: true })
    // Apart, it is not read where nobody asks for positions.
    replace(`${output}.map`, Buffer.from(map, "base64"), stats.mtime)
    replace(
      output,
      `${text.slice(0, text.length - comment.length)}\n//# sourceMappingURL=${path.replace(/^.*\//, "").replace(/\.tsx?$/, ".js.map")}\n`,
      stats.mtime,
    )
  }
  for (const old of glob.sync("**/*.js", { cwd: directory, absolute: true })) if (!ours.has(old)) rmSync(old)

  const declared = timeOf(join(directory, "declared"))
  const newest = Math.max(...sources.filter(({ path }) => !/^(test|scripts)\//.test(path)).map(({ stats }) => stats.mtimeMs))
  if (declared < newest || declared < settingsMs) {
    const compiler = [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.build.json"]
    const { status } = spawnSync(
      process.execPath,
      [...compiler, "--emitDeclarationOnly", "--noCheck", "--sourceMap", "false", "--outDir", directory],
      { cwd: root, stdio: "inherit" },
    )
    if (status !== 0) throw new Error("the declarations could not be made")
    replace(join(directory, "declared"), "", new Date(newest))
  }
  return directory
}

/** Another run may write the same file at the same time: it is there whole or not at all. */
function replace(path, content, time) {
  const part = `${path}.${process.pid}`
  writeFileSync(part, content)
  utimesSync(part, time, time)
  renameSync(part, path)
}
