/** Random programs over random records on whole clusters, calm and not. */

import { suite } from "uvu"
import { onClusters } from "./random/on-clusters.js"
import { holds } from "./random/property.js"

const test = suite("random programs on clusters")

test("each interval of each stream is what plain arrays give, on any cluster", () => holds(onClusters, 60, 20_131))

test.run()
