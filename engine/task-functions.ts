/** The functions that an executor has: decoded and compiled once, instantiated afresh for every use. */

import { builtins } from "./builtins.js"
import { decodeFunction } from "./capture/codec.js"
import { FunctionCompiler } from "./capture/compile.js"
import type { TaskEnv } from "./capture/environment.js"
import type { FunctionHash, FunctionLink, FunctionRef } from "./function-ref.js"

export class TaskFunctions {
  private readonly bytes = new Map<string, Uint8Array>()
  private readonly refs = new Map<FunctionHash, FunctionRef>()
  private readonly compiler = new FunctionCompiler()

  add(hash: string, bytes: Uint8Array): void {
    this.bytes.set(hash, bytes)
  }

  drop(hash: string): void {
    this.bytes.delete(hash)
    this.refs.delete(hash)
    this.compiler.forget(hash)
  }

  has(hash: string): boolean {
    return this.bytes.has(hash)
  }

  asset(hash: string): Uint8Array {
    const bytes = this.bytes.get(hash)
    if (!bytes) throw new Error(`asset ${hash} has not come`)
    return bytes
  }

  /** Null for built-in functions. */
  ref(link: FunctionLink): FunctionRef | null {
    if (link.kind === "builtin") return null
    let ref = this.refs.get(link.hash)
    if (!ref) {
      ref = decodeFunction(this.asset(link.hash), hash => this.asset(hash))
      this.refs.set(link.hash, ref)
    }
    return ref
  }

  instance(link: FunctionLink, env: TaskEnv): (...args: never[]) => unknown {
    const ref = this.ref(link)
    return ref === null ? builtins[(link as Extract<FunctionLink, { kind: "builtin" }>).name] : this.compiler.compile(ref, env)
  }
}
