/** How people name one partition of one interval of a stream: `counts@21:05:31/3`. */
import { RivuletError } from "../../engine/errors.js"

export interface PartitionName {
  readonly stream: string
  /** As it was typed; null: the newest finished interval. */
  readonly time: string | null
  /** Null: all of them. */
  readonly partition: number | null
}

/** `counts`, `shop/counts@21:05:31`, `counts@21:05:31/3`, `counts@/3`. Throws a RivuletError of code 2. */
export function parsePartitionName(text: string): PartitionName {
  const [, stream = "", time, partition] = /^\s*([^@\s]+?)\s*(?:@\s*([^/]*?)\s*(?:\/\s*(\d+)\s*)?)?$/.exec(text) ?? []
  if (stream === "") throw new RivuletError(`${text.trim() || "nothing"} names no partition`, { code: 2, try: "counts@21:05:31/3" })
  return { stream, time: time === undefined || time === "" ? null : time, partition: partition === undefined ? null : Number(partition) }
}
