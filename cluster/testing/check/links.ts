/** Functions of the checked programs as assets. Capturing one takes milliseconds: done once for all runs of a process. */

import { linkFunction } from "../../../engine/capture/capture.js"
import type { UserFunction } from "../../../engine/fluent/host.js"
import type { Asset, FunctionLink } from "../../../engine/function-ref.js"

export class FunctionLinks {
  readonly #links = new Map<UserFunction, { readonly link: FunctionLink; readonly assets: readonly Asset[] }>()

  /** The link, and its assets if it needs any. The function must capture nothing that changes. */
  link(f: UserFunction, operator: string): { readonly link: FunctionLink; readonly assets: readonly Asset[] } {
    const known = this.#links.get(f)
    if (known !== undefined) return known
    const { link, assets } = linkFunction(f, { operator })
    const made = { link, assets }
    this.#links.set(f, made)
    return made
  }
}
