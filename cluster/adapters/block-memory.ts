/**
 * The worker's block memory: one shared WebAssembly.Memory. Its buffer is a SharedArrayBuffer, so the main
 * thread, Arrow and every executor see the same bytes, and kernels can run on blocks where they lie. All of it is reserved
 * at once and committed by the system as it is touched; pages are never given back.
 */

import { RivuletError } from "../../engine/errors.js"
import type { BlockMemory } from "../ports.js"

const pageBytes = 65_536
/** What 32-bit addresses reach. */
export const maxMemoryBytes = 4 * 1024 ** 3
const minMemoryBytes = 1024 ** 2
export const defaultMemoryBytes = 1024 ** 3

/** Node has this; the ES library's types do not. */
declare const WebAssembly: {
  Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => { readonly buffer: SharedArrayBuffer }
}

export interface SharedBlockMemory extends BlockMemory {
  /** What a kernel module is instantiated over. */
  readonly memory: { readonly buffer: SharedArrayBuffer }
}

/** Reserves `capBytes`, rounded up to whole pages. Throws a RivuletError of code 2 outside 1 MiB – 4 GiB, or when it cannot be had. */
export function reserveBlockMemory(capBytes: number = defaultMemoryBytes): SharedBlockMemory {
  if (!(capBytes >= minMemoryBytes && capBytes <= maxMemoryBytes))
    throw new RivuletError(`block memory of ${capBytes} bytes is outside 1 MiB to 4 GiB a worker`, {
      code: 2,
      try: capBytes > maxMemoryBytes ? "several workers on this machine, each with --memory 4G" : "--memory 1G",
    })
  const pages = Math.ceil(capBytes / pageBytes)
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    return { memory, buffer: memory.buffer, capBytes: pages * pageBytes }
  } catch (error) {
    throw new RivuletError(`this machine cannot reserve ${capBytes} bytes of block memory`, {
      code: 2,
      try: "a smaller --memory, or a higher limit of address space (ulimit -v)",
      cause: error,
    })
  }
}
