/** Random programs over records with a time of their own: pushed with slack while nodes die, read from files, and the one as the other. */

import { suite } from "uvu"
import { fromFiles } from "./random/from-files.js"
import { holds } from "./random/property.js"
import { pushed } from "./random/pushed.js"
import { replayed } from "./random/replayed.js"

const test = suite("random programs over records with a time of their own")

test("pushed, with slack: what is in time counts, what is late is aside, outputs are given what questions are", () =>
  holds(pushed, 6, 20_132))

test("from files by their times: the same of all records", () => holds(fromFiles, 6, 20_133))

test("live, and replayed from files on another cluster: the very same bytes", () => holds(replayed, 6, 20_134))

test.run()
