// The attached shell's two threads, a notebook's, batch mode's command, what a program imports, a cluster's processes and their executors, each
// with all that it loads, as a few files in place of 200: resolving and reading modules one by one is most of an attach (ES modules have no
// compile cache in Node 20), and four fifths of what an executor takes to come up, of which each worker has several and needs a new one when a
// function does not return.
// Entries keep their places and names in dist/, so nothing else knows of it, and without esbuild everything works, only slower.
import { readFileSync } from "node:fs"
import { dirname, relative, resolve } from "node:path"

/** Entries of one folder share what they load. What another one loads comes after it. */
const groups = [
  ["shell/host/dial.js", "shell/host/attach-screen.js", "shell/host/thread-entry.js"],
  ["shell/notebook/thread.js"],
  ["shell/view/chart-svg.js"],
  ["shell/cli/replay.js", "shell/cli/run.js"],
  ["cluster/client/index.js"],
  ["cluster/process-entry.js"],
  ["cluster/master/main.js"],
  ["cluster/worker/main.js"],
  ["cluster/adapters/executor-thread-entry.js", "cluster/adapters/task-runner.js"],
]
// Native code, what is loaded on demand, and what is known by identity, so that there has to be one of it: the class of errors, functions
// that travel by name. The one that draws is all of Vega: once for all who plot. Where a debugger stops somebody reads.
const outside = ["canvas", "zeromq", "typescript", "@swc/core", "classic-level", "apache-arrow", "msgpackr-extract", "pino", "pg"]
const shared = ["engine/errors.js", "engine/builtins.js", "shell/view/chart-svg.js", "shell/program/stop-here.js"]

/** True when it was done; false when esbuild is not installed. */
export async function bundle(dist) {
  const esbuild = await import("esbuild").catch(() => null)
  if (esbuild === null) return false
  for (const entries of groups) await bundleEntries(esbuild, resolve(dist), entries)
  return true
}

async function bundleEntries(esbuild, root, entries) {
  const folder = resolve(root, dirname(entries[0]))
  await esbuild.build({
    entryPoints: entries.map(entry => resolve(root, entry)),
    outdir: root,
    outbase: root,
    chunkNames: `${dirname(entries[0])}/chunk-[hash]`,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "error",
    external: outside,
    define: {
      "import.meta.url": "$moduleUrl",
      "process.env.NODE_ENV": '"production"',
      // The layout engine fetches its own code from a data: URL where there is fetch: Node would load its whole HTTP client for that.
      fetch: "undefined",
    },
    banner: {
      js: 'import{createRequire as $require}from"node:module";const require=$require(import.meta.url),$bundleUrl=import.meta.url;',
    },
    plugins: [
      {
        name: "places",
        setup(build) {
          build.onResolve({ filter: /(errors|builtins|chart-svg|stop-here)\.js$/ }, ({ path, resolveDir, kind }) => {
            if (kind === "entry-point") return undefined
            const file = resolve(resolveDir, path)
            return shared.some(one => file === resolve(root, one)) ? { path: `./${relative(folder, file)}`, external: true } : undefined
          })
          // Ink's connection to React's developer tools: never wanted here.
          build.onLoad({ filter: /ink.build.devtools\.js$/ }, () => ({ contents: "" }))
          // A module that looks for its neighbours looks beside where it was.
          build.onLoad({ filter: /\.js$/ }, ({ path }) => {
            const text = readFileSync(path, "utf8")
            if (!text.includes("import.meta.url")) return undefined
            const from = JSON.stringify(relative(folder, path))
            return { contents: `const $moduleUrl = new URL(${from}, $bundleUrl).href;\n${text}` }
          })
        },
      },
    ],
  })
}
