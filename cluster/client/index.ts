/**
 * What `import … from "rivulet"` gives: `connect` for programs of their own, and the session's verbs as functions of the session
 * that `rivulet run`, `submit`, `replay` or the shell has opened.
 */

import type { Session } from "../../engine/fluent/session-types.js"
import { currentSession } from "./ambient.js"

export { max, min, sum } from "../../engine/builtins.js"
export { RivuletError } from "../../engine/errors.js"
export { diff } from "../../engine/fluent/diff.js"
export type * from "../../engine/fluent/types.js"
export { connect } from "./connect.js"
export { openSender } from "./send.js"

export const readStream: Session["readStream"] = ((...args: Parameters<Session["readStream"]>) =>
  currentSession().readStream(...args)) as Session["readStream"]
export const readHistory: Session["readHistory"] = ((...args: Parameters<Session["readHistory"]>) =>
  currentSession().readHistory(...args)) as Session["readHistory"]
export const stream: Session["stream"] = name => currentSession().stream(name)
export const state: Session["state"] = name => currentSession().state(name)
export const textFile: Session["textFile"] = (paths, options) => currentSession().textFile(paths, options)
export const parquetFile: Session["parquetFile"] = paths => currentSession().parquetFile(paths)
export const parallelize: Session["parallelize"] = (values, partitions) => currentSession().parallelize(values, partitions)
export const union: Session["union"] = (...streams) => currentSession().union(...streams)
export const watch: Session["watch"] = (what, options) => currentSession().watch(what, options)
export const streams: Session["streams"] = filter => currentSession().streams(filter)
export const programs: Session["programs"] = () => currentSession().programs()
export const workers: Session["workers"] = () => currentSession().workers()
export const jobs: Session["jobs"] = filter => currentSession().jobs(filter)
export const logs: Session["logs"] = filter => currentSession().logs(filter)
export const drained: Session["drained"] = () => currentSession().drained()
export const stopped: Session["stopped"] = () => currentSession().stopped()
/** The session's clock. */
export const clock: Session["clock"] = {
  now: () => currentSession().clock.now(),
  advance: by => currentSession().clock.advance(by),
}
