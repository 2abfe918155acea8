/** Who is talking: nodes of another version are refused by the master, workers of another runtime too. */

import { createRequire } from "node:module"

// By its own name, so that it is found from the sources and from dist/ alike.
const { version } = createRequire(import.meta.url)("rivulet/package.json") as { version: string }

export const rivuletVersion = version

/** What decides how a user's function computes: the engine and the tables behind `Intl`, dates and `localeCompare`. */
export const runtimeVersion = `node-${process.versions.node} icu-${process.versions.icu ?? "none"} tz-${process.versions.tz ?? "none"}`
