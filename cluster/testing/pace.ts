/** What things take in a simulated cluster: nothing, so that what follows from an event happens in its instant; or some milliseconds each, by the seed. */
import type { CostModel } from "./executors.js"
import { fairWeather, type Weather } from "./network.js"

export interface Pace {
  readonly weather: Weather
  readonly costs: CostModel
  /** Of a worker that is so many times as slow. */
  slowed(factor: number): CostModel
  /** Whether disks and the journal take their usual times. */
  readonly disksTakeTime: boolean
}

const nothing: CostModel = { baseMs: 0, meanMs: 0, hang: 0, hangMs: 0 }
const something: CostModel = { ...nothing, baseMs: 10, meanMs: 10 }

export const paces: Readonly<Record<"instant" | "random", Pace>> = {
  instant: {
    weather: { minDelayMs: 0, meanDelayMs: 0, loss: 0, duplicate: 0, straggle: 0, straggleMs: 0 },
    costs: nothing,
    // So many times nothing is nothing.
    slowed: factor => ({ ...nothing, baseMs: factor > 1 ? 1 : 0 }),
    disksTakeTime: false,
  },
  random: {
    weather: { ...fairWeather, meanDelayMs: 1, straggle: 0.02, straggleMs: 5 },
    costs: something,
    slowed: () => something,
    disksTakeTime: true,
  },
}
