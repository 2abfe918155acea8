/**
 * What marks an RDD or a stream handle. The property holds plain data (JSON) from which a driver thread makes the handle
 * again: `{ kind: "stream", id }`, `{ kind: "rdd", node }`.
 */
export const handleBrand: unique symbol = Symbol.for("rivulet.handle") as typeof handleBrand
