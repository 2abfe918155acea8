/**
 * Installed packages in functions. A package's insides (its state, its factories, its classes' private parts) are not
 * walked as a user's own functions are: what it exports is named, and its files travel with the function, to be evaluated anew.
 */

import type { ModuleFile } from "../function-ref.js"

/** Knows the packages of the machine on which functions are defined. */
export interface ModuleSource {
  /**
   * Where a function that was written in `url` is exported; null when it is no package's, or not exported. `native`: the package that
   * cannot be sent.
   */
  find(f: Function, url: string): { readonly file: string; readonly path: readonly string[] } | { readonly native: string } | null
  /** The package in whose files a function was written; null when it is none's. */
  packageOf(f: Function, url: string): string | null
  /** The package whose native code this is, if it is any's. */
  nativeModuleOf(f: Function): string | null
  /** These files and all that they import. RivuletError (code 2) that names a native one among them. */
  bundle(files: Iterable<string>): readonly ModuleFile[]
}
