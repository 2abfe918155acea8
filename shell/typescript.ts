/** The compiler, loaded when it is first needed: nine megabytes. Imported as a module it would first be searched for names to export, which takes as long again. */
import { createRequire } from "node:module"
import type ts from "typescript"

export type Typescript = typeof ts

let loaded: Typescript | undefined

export function typescript(): Typescript {
  loaded ??= createRequire(import.meta.url)("typescript") as Typescript
  return loaded
}
