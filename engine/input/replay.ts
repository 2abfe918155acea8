/** Which of the blocks that a reading of a source gives is meant: the same whoever reads it. */

export function partName({ interval, aside }: { readonly interval?: number | null; readonly aside?: string }): string {
  return `${interval ?? ""}|${aside ?? ""}`
}
