/** The test kit, `rivulet/testing`: users' programs on the real machines, under a simulated clock and network. */

export { type IntervalFault, type RunIntervalsOptions, runIntervals } from "./run-intervals.js"
export { simulate } from "./simulate.js"
export type { Kill, SimulateOptions, Simulation } from "./simulation.js"
