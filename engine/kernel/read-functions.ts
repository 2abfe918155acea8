/** Functions as they were read, each once. */

import { type Lambda, NotUnderstood } from "../expression/expression.js"
import { fieldsRead } from "../expression/fields.js"
import { readBuiltin, readFunction } from "../expression/read.js"
import type { FunctionLink, FunctionRef } from "../function-ref.js"

export class ReadFunctions {
  private readonly lambdas = new Map<string, Lambda | string>()
  private readonly asked = new Map<string, ReadonlySet<string> | null>()

  /** `refOf`: null for built-in functions. */
  constructor(private readonly refOf: (link: FunctionLink) => FunctionRef | null) {}

  /** As an expression. Throws NotUnderstood. */
  lambda(link: FunctionLink): Lambda {
    if (link.kind === "builtin") return readBuiltin(link.name)
    let lambda = this.lambdas.get(link.hash)
    if (lambda === undefined) {
      try {
        lambda = readFunction(this.refOf(link)!)
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error
        lambda = error.message
      }
      this.lambdas.set(link.hash, lambda)
    }
    if (typeof lambda === "string") throw new NotUnderstood(lambda)
    return lambda
  }

  /** Which fields of its record it asks for; null: that is not known. */
  fields(link: FunctionLink): ReadonlySet<string> | null {
    const ref = this.refOf(link)
    if (ref === null) return null
    let fields = this.asked.get(ref.hash)
    if (fields === undefined) {
      fields = fieldsRead(ref)
      this.asked.set(ref.hash, fields)
    }
    return fields
  }
}

export const nameOf = (link: FunctionLink): string => (link.kind === "builtin" ? link.name : link.hash)
