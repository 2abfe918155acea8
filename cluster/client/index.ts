/**
 * What `import … from "rivulet"` gives: `connect` for programs of their own, and the session's verbs as functions of the session
 * that `rivulet run`, `submit`, `replay` or the shell has opened.
 */

import { ofSession } from "../../engine/capture/of-session.js"
import type { Session } from "../../engine/fluent/session-types.js"
import { currentSession } from "./ambient.js"
import { connect } from "./connect.js"
import { openSender } from "./send.js"

export { max, min, sum } from "../../engine/builtins.js"
export { RivuletError } from "../../engine/errors.js"
export { diff } from "../../engine/fluent/diff.js"
export type * from "../../engine/fluent/types.js"
export { connect, openSender }

/** {@link Session.readStream} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const readStream: Session["readStream"] = ((...args: Parameters<Session["readStream"]>) =>
  currentSession().readStream(...args)) as Session["readStream"]
/** {@link Session.readHistory} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const readHistory: Session["readHistory"] = ((...args: Parameters<Session["readHistory"]>) =>
  currentSession().readHistory(...args)) as Session["readHistory"]
/** {@link Session.stream} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const stream: Session["stream"] = name => currentSession().stream(name)
/** {@link Session.state} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const state: Session["state"] = name => currentSession().state(name)
/** {@link Session.textFile} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const textFile: Session["textFile"] = (paths, options) => currentSession().textFile(paths, options)
/** {@link Session.parquetFile} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const parquetFile: Session["parquetFile"] = paths => currentSession().parquetFile(paths)
/** {@link Session.parallelize} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const parallelize: Session["parallelize"] = (values, partitions) => currentSession().parallelize(values, partitions)
/** {@link Session.union} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const union: Session["union"] = (...streams) => currentSession().union(...streams)
/** {@link Session.watch} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const watch: Session["watch"] = (what, options) => currentSession().watch(what, options)
/** {@link Session.streams} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const streams: Session["streams"] = filter => currentSession().streams(filter)
/** {@link Session.programs} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const programs: Session["programs"] = () => currentSession().programs()
/** {@link Session.workers} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const workers: Session["workers"] = () => currentSession().workers()
/** {@link Session.jobs} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const jobs: Session["jobs"] = filter => currentSession().jobs(filter)
/** {@link Session.logs} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const logs: Session["logs"] = filter => currentSession().logs(filter)
/** {@link Session.drained} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const drained: Session["drained"] = () => currentSession().drained()
/** {@link Session.stopped} of the session that `rivulet run`, `submit`, `replay` or the shell has opened; code 2 where there is none. */
export const stopped: Session["stopped"] = () => currentSession().stopped()
/** The session's clock. */
export const clock: Session["clock"] = {
  now: () => currentSession().clock.now(),
  advance: by => currentSession().clock.advance(by),
}

// A function that captures one of them is refused by its name.
ofSession("rivulet's connect", connect)
ofSession("rivulet's openSender", openSender)
const verbs = { readStream, readHistory, stream, state, textFile, parquetFile, parallelize, union, watch }
const views = { streams, programs, workers, jobs, logs, drained, stopped, clock }
for (const [name, verb] of Object.entries({ ...verbs, ...views })) ofSession(`the session's ${name}`, verb)
