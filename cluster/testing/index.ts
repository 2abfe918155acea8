/** The test kit, `rivulet/testing`: users' programs on the real machines, under a simulated clock and network. */

export { type IntervalFault, type RunIntervalsOptions, runIntervals } from "./run-intervals.js"
export { type SimulateOptions, type Simulation, simulate } from "./simulate.js"
