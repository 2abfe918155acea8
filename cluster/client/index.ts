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

/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const readStream: Session["readStream"] = ((...args: Parameters<Session["readStream"]>) =>
  currentSession().readStream(...args)) as Session["readStream"]
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const readHistory: Session["readHistory"] = ((...args: Parameters<Session["readHistory"]>) =>
  currentSession().readHistory(...args)) as Session["readHistory"]
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const stream: Session["stream"] = name => currentSession().stream(name)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const state: Session["state"] = name => currentSession().state(name)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const textFile: Session["textFile"] = (paths, options) => currentSession().textFile(paths, options)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const parquetFile: Session["parquetFile"] = paths => currentSession().parquetFile(paths)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const parallelize: Session["parallelize"] = (values, partitions) => currentSession().parallelize(values, partitions)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const union: Session["union"] = (...streams) => currentSession().union(...streams)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const watch: Session["watch"] = (what, options) => currentSession().watch(what, options)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const streams: Session["streams"] = filter => currentSession().streams(filter)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const programs: Session["programs"] = () => currentSession().programs()
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const workers: Session["workers"] = () => currentSession().workers()
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const jobs: Session["jobs"] = filter => currentSession().jobs(filter)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const logs: Session["logs"] = filter => currentSession().logs(filter)
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const drained: Session["drained"] = () => currentSession().drained()
/** Of the session that `rivulet run`, `submit`, `replay` or the shell has opened: see Session. */
export const stopped: Session["stopped"] = () => currentSession().stopped()
/** The session's clock. */
export const clock: Session["clock"] = {
  now: () => currentSession().clock.now(),
  advance: by => currentSession().clock.advance(by),
}
