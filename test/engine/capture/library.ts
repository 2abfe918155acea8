/** A module whose functions are used inside operators' functions. */

const separators = /\s+/g
const bots = ["bot", "spider"]

export function slug(text: string): string {
  return normalise(text).replace(separators, "-")
}

function normalise(text: string): string {
  return text.toLowerCase().normalize("NFC")
}

export const isBot = (agent: string): boolean => bots.some(bot => agent.includes(bot))

export class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
  length(): number {
    return Math.hypot(this.x, this.y)
  }
}

export let calls = 0
export function counted(): number {
  return ++calls
}
