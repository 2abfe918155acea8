/** Functions of the checked programs as assets. Capturing one takes milliseconds: done once for all runs of a process. */

import { linkFunction } from "../../../engine/capture/capture.js"
import type { UserFunction } from "../../../engine/fluent/host.js"
import type { Asset, FunctionLink } from "../../../engine/function-ref.js"

export class FunctionLinks {
  readonly #links = new Map<UserFunction, { readonly link: FunctionLink; readonly asset?: Asset }>()

  /** The link, and its asset if it needs one. The function must capture nothing that changes. */
  link(f: UserFunction, operator: string): { readonly link: FunctionLink; readonly asset?: Asset } {
    const known = this.#links.get(f)
    if (known !== undefined) return known
    const { link, asset } = linkFunction(f, { operator })
    const made = { link, ...(asset && { asset }) }
    this.#links.set(f, made)
    return made
  }
}
