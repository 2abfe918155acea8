/**
 * A sketch of many numbers for percentiles, after DDSketch (Masson, Rim, Lee 2019): counts in buckets whose bounds grow by a
 * fixed factor, so the value at any rank is known to 0.5 %. Buckets are added when sketches merge, so the result does not depend
 * on how the numbers were split; there are at most some hundred thousand, for numbers of all magnitudes, and usually a few
 * thousand. Count, sum, least, greatest and variance are kept beside them (variances merged after Chan et al. 1979).
 */

const accuracy = 0.005
const growth = (1 + accuracy) / (1 - accuracy)
const logGrowth = Math.log(growth)

/** What travels: buckets as parallel arrays. */
export interface SketchRow {
  readonly count: number
  readonly sum: number
  readonly mean: number
  readonly squares: number
  readonly min: number
  readonly max: number
  readonly special: readonly [minusInfinity: number, zero: number, infinity: number, nan: number]
  readonly positive: SketchBuckets
  readonly negative: SketchBuckets
}

interface SketchBuckets {
  readonly keys: Int32Array
  readonly counts: Float64Array
}

export class NumberSketch {
  private count = 0
  private sum = 0
  private mean = 0
  /** Sum of the squared distances from the mean. */
  private squares = 0
  private min = Number.POSITIVE_INFINITY
  private max = Number.NEGATIVE_INFINITY
  private readonly special = [0, 0, 0, 0]
  private readonly positive = new Map<number, number>()
  private readonly negative = new Map<number, number>()

  readonly add = (n: number): void => {
    this.count++
    this.sum += n
    const distance = n - this.mean
    this.mean += distance / this.count
    this.squares += distance * (n - this.mean)
    if (n < this.min) this.min = n
    if (n > this.max) this.max = n
    if (Number.isNaN(n)) this.special[3]!++
    else if (n === 0) this.special[1]!++
    else if (n === Number.POSITIVE_INFINITY) this.special[2]!++
    else if (n === Number.NEGATIVE_INFINITY) this.special[0]!++
    else bump(n > 0 ? this.positive : this.negative, Math.ceil(Math.log(Math.abs(n)) / logGrowth), 1)
  }

  merge(other: SketchRow): void {
    const count = this.count + other.count
    if (count === 0) return
    const distance = other.mean - this.mean
    this.squares += other.squares + (distance * distance * this.count * other.count) / count
    this.mean += (distance * other.count) / count
    this.count = count
    this.sum += other.sum
    this.min = Math.min(this.min, other.min)
    this.max = Math.max(this.max, other.max)
    for (const [i, n] of other.special.entries()) this.special[i]! += n
    for (const [i, key] of other.positive.keys.entries()) bump(this.positive, key, other.positive.counts[i]!)
    for (const [i, key] of other.negative.keys.entries()) bump(this.negative, key, other.negative.counts[i]!)
  }

  row(): SketchRow {
    const { count, sum, mean, squares, min, max } = this
    const special = [...this.special] as [number, number, number, number]
    return { count, sum, mean, squares, min, max, special, positive: bucketsOf(this.positive), negative: bucketsOf(this.negative) }
  }

  /** API `Stats`. */
  stats() {
    const { count, sum } = this
    const nan = this.special[3]! > 0
    const infinite = this.special[0]! + this.special[2]! > 0
    const stdev = nan || infinite ? Number.NaN : Math.sqrt(Math.max(0, this.squares) / count)
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map(share => this.rank(Math.max(1, Math.ceil(share * count))))
    // As in the exact case NaN is put after all numbers.
    const min = this.special[3] === count ? Number.NaN : this.min
    return { count, sum, mean: sum / count, stdev, min, p50: p50!, p95: p95!, p99: p99!, max: nan ? Number.NaN : this.max }
  }

  /** The value at a rank, 1 … count. */
  private rank(rank: number): number {
    let left = rank
    const steps: [value: number, n: number][] = [[Number.NEGATIVE_INFINITY, this.special[0]!]]
    for (const key of [...this.negative.keys()].sort((a, b) => b - a)) steps.push([-middle(key), this.negative.get(key)!])
    steps.push([0, this.special[1]!])
    for (const key of [...this.positive.keys()].sort((a, b) => a - b)) steps.push([middle(key), this.positive.get(key)!])
    steps.push([Number.POSITIVE_INFINITY, this.special[2]!])
    for (const [value, n] of steps) {
      left -= n
      if (n > 0 && left <= 0) return Math.min(this.max, Math.max(this.min, value))
    }
    return Number.NaN
  }
}

/** The value of a bucket that is nearest to all of its numbers, relatively. */
const middle = (key: number): number => (2 * growth ** key) / (growth + 1)

function bump(buckets: Map<number, number>, key: number, n: number): void {
  buckets.set(key, (buckets.get(key) ?? 0) + n)
}

function bucketsOf(buckets: ReadonlyMap<number, number>): SketchBuckets {
  return { keys: Int32Array.from(buckets.keys()), counts: Float64Array.from(buckets.values()) }
}
