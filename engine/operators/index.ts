/** The operators by kind: the only place that lists them. */

import type { Operator, RddNode } from "../rdd.js"
import { aside } from "./aside.js"
import { broadcast } from "./broadcast.js"
import { cartesian } from "./cartesian.js"
import { coalesce } from "./coalesce.js"
import { cogroup } from "./cogroup.js"
import { cut } from "./cut.js"
import { distinct } from "./distinct.js"
import { eachVersion } from "./each-version.js"
import { empty } from "./empty.js"
import { eventWindow } from "./event-window.js"
import { filter } from "./filter.js"
import { finished } from "./finished.js"
import { flatMap } from "./flat-map.js"
import { flatMapValues } from "./flat-map-values.js"
import { input } from "./input.js"
import { keyBy } from "./key-by.js"
import { map } from "./map.js"
import { mapPartitions } from "./map-partitions.js"
import { mapValues } from "./map-values.js"
import type { OperatorFactory } from "./operator.js"
import { parallelize } from "./parallelize.js"
import { partial } from "./partial.js"
import { persist } from "./persist.js"
import { repartition } from "./repartition.js"
import { sample } from "./sample.js"
import { setAside } from "./set-aside.js"
import { shuffled } from "./shuffled.js"
import { state } from "./state.js"
import { stateAt } from "./state-at.js"
import { stored } from "./stored.js"
import { stretch, stretchInput } from "./stretch.js"
import { textFile } from "./text-file.js"
import { union } from "./union.js"
import { unplanned } from "./unplanned.js"
import { within } from "./within.js"
import { zip } from "./zip.js"

const factories: { readonly [K in RddNode["kind"]]: OperatorFactory<never> } = {
  hole: unplanned,
  threw: unplanned,
  slice: unplanned,
  version: unplanned,
  input,
  parallelize,
  textFile,
  stateAt,
  empty,
  cut,
  map,
  flatMap,
  filter,
  mapValues,
  flatMapValues,
  mapPartitions,
  keyBy,
  union,
  coalesce,
  sample,
  zip,
  cartesian,
  persist,
  aside,
  setAside,
  eventWindow,
  within,
  eachVersion,
  partial,
  shuffled,
  distinct,
  repartition,
  cogroup,
  broadcast,
  finished,
  state,
  stretch,
  stretchInput,
  stored,
}

const operators = Object.fromEntries(
  Object.entries(factories).map(([kind, make]) => [kind, (make as OperatorFactory<RddNode>)(operatorOf)]),
) as Readonly<Record<RddNode["kind"], Operator>>

/** What this kind of RDD is. */
export function operatorOf(node: RddNode): Operator {
  return operators[node.kind]
}
