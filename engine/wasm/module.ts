/**
 * Kernels over bytes in WebAssembly, with SIMD: what JavaScript does a byte at a time, sixteen at a time. Written in AssemblyScript
 * (`assembly/`), compiled beforehand and kept as text (`binary.ts`, `npm run wasm`), so that a checkout runs without the compiler.
 *
 * An instance works on its own memory alone, and what it is to read is copied there, some 64 KiB at a time, so that it stays in the nearest caches
 * (docs/decisions/0021 says why not where blocks lie).
 */

import { RivuletError } from "../errors.js"
import { binary } from "./binary.js"

/** What `assembly/index.ts` exports. Addresses are bytes of the instance's memory. Results beside are globals, until the next call. */
export interface KernelExports {
  heapBase(): number
  packLines(from: number, to: number, out: number, ends: number, base: number, budget: number, longest: number): void
  findText(from: number, to: number, sought: number, length: number): number
  readonly packedLines: Global
  readonly packedBytes: Global
  readonly packTakenBytes: Global
  readonly packSurelyAscii: Global
  tableAt(entries: number, capacity: number, keys: number, keysLength: number): void
  tableRehash(from: number): void
  tableClear(): void
  tableKeyBytes(): number
  readonly tableKeys: Global
  logBegin(): void
  logLine(from: number, to: number, out: number, withQuoted: number): void
  logLines(text: number, ends: number, base: number, rows: number, out: number, withQuoted: number): void
  countPieces(
    text: number,
    ends: number,
    base: number,
    row: number,
    rows: number,
    separator: number,
    skip: number,
    adds: number,
    added: number,
  ): number
  addKeys(text: number, ends: number, row: number, rows: number, values: number): number
  tablePartitions(partitions: number, places: number, counts: number): void
  tableColumns(places: number, columns: number, starts: number, adds: number, each: number): void
}

interface Global {
  readonly value: number
}

/** Node has this; the ES library's types do not. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Memory: new (size: { initial: number; maximum?: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): number }
  Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

const pageBytes = 65_536
let compiled: object | null = null

export class KernelInstance {
  readonly kernels: KernelExports
  /** Where memory is the caller's to use: a multiple of 64. */
  readonly base: number
  private readonly memory: InstanceType<typeof WebAssembly.Memory>
  private view: Uint8Array

  /** Memory of its own with at least `bytes` from `base` on, zeroed. Throws RivuletError when there is none to be had. */
  constructor(bytes: number) {
    try {
      compiled ??= new WebAssembly.Module(Buffer.from(binary, "base64"))
      this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) + 1 })
      this.kernels = new WebAssembly.Instance(compiled, { env: { memory: this.memory } }).exports as KernelExports
    } catch (error) {
      throw new RivuletError(`WebAssembly with ${bytes} bytes of memory is not to be had here`, {
        try: "Node without --jitless, on a processor with SSE4.1 or NEON, with address space left (ulimit -v)",
        cause: error,
      })
    }
    this.base = Math.ceil(this.kernels.heapBase() / 64) * 64
    this.view = new Uint8Array(this.memory.buffer)
  }

  /** All memory. Another array after `reserve`. */
  get bytes(): Uint8Array {
    return this.view
  }

  /** Sees to it that at least `bytes` from `base` on are there. What is there stays; views of before are empty. */
  reserve(bytes: number): void {
    const missing = this.base + bytes - this.view.length
    if (missing <= 0) return
    // At least half as much again: each growth costs views.
    const pages = Math.ceil(Math.max(missing, this.view.length / 2) / pageBytes)
    try {
      this.memory.grow(pages)
    } catch (error) {
      throw new RivuletError(`a kernel cannot have ${bytes} bytes of memory`, { try: "more partitions", cause: error })
    }
    this.view = new Uint8Array(this.memory.buffer)
  }
}
