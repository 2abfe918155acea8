/**
 * D-Streams (the paper's §3): a definition and an interval give an RDD, a running stream's stage, or what a question reads.
 * Each part is a file in `dstream/`.
 */

import "./dstream/threw.js"

export { nextRecords, nextTimeout, nextVersion } from "./dstream/changes.js"
export { type Flavour, flavourOf, parentsOf, watchedIn } from "./dstream/flavour.js"
export { type LineageReach, lineageReach } from "./dstream/lineage.js"
export { namedIn, usesIn } from "./dstream/named.js"
export { type MadePane, paneId, panesMade } from "./dstream/panes.js"
export { type ExpandedQuery, expandQuery, resolveTimes } from "./dstream/query.js"
export { constantOf, keptAloneIn, outputPrefix, rddOf, settingAside, stateVersion } from "./dstream/rdd-of.js"
export { checkReach, earliestOf, hasEnd, isThere, rangesAhead, resolveTime, throughOf, throughParents } from "./dstream/reach.js"
export { nextChange, targetOf } from "./dstream/target.js"
export { versionIn } from "./dstream/versions.js"
export type { GraphStream, StreamGraph } from "./graph.js"
