/**
 * Loader hooks for users' programs: `rivulet` and `rivulet/testing` are the running binary's own package wherever the
 * program lies, and `.ts` files run without a build. Registered by `loader.ts`; runs in Node's loader thread.
 */
import { existsSync, readFileSync } from "node:fs"
import type { LoadHook, ResolveHook } from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"
import { transform } from "@swc/core"

let packages: Readonly<Record<string, string>> = {}

export function initialize(data: { readonly packages: Readonly<Record<string, string>> }): void {
  packages = data.packages
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  const own = packages[specifier]
  if (own !== undefined) return { url: own, shortCircuit: true }
  if (specifier.startsWith(".") && context.parentURL?.startsWith("file:")) {
    // As TypeScript has it: `./x.js` may be written for `x.ts`, and the ending may be left out.
    const base = fileURLToPath(new URL(specifier, context.parentURL))
    const found = [base, base.replace(/\.js$/, ".ts"), `${base}.ts`, `${base}.js`].find(path => /\.\w+$/.test(path) && existsSync(path))
    if (found !== undefined) return next(pathToFileURL(found).href, context)
  }
  return next(specifier, context)
}

export const load: LoadHook = async (url, context, next) => {
  if (!url.startsWith("file:") || !/\.m?tsx?$/.test(new URL(url).pathname) || url.includes("/node_modules/")) return next(url, context)
  const filename = fileURLToPath(url)
  const { code } = await transform(readFileSync(filename, "utf8"), {
    filename,
    sourceMaps: "inline",
    isModule: true,
    jsc: { target: "es2022", parser: { syntax: "typescript" }, minify: undefined },
    module: { type: "es6" },
  })
  return { format: "module", source: code, shortCircuit: true }
}
