/** Export to Apache Arrow for users' programs, who import the library as a module too. What becomes what: `arrow-tables.ts`. */

import * as arrow from "apache-arrow"
import { arrowTables } from "./arrow-tables.js"

const tables = arrowTables(arrow)

/** One table of all rows of the blocks (opened, or as bytes), a record batch a block that has rows. */
export const toArrowTable = tables.toArrowTable

/** The same as the bytes of an Arrow IPC stream, which other programs read. */
export const toIpc = tables.toIpc
