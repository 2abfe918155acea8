/** Where relative paths in cells begin: where the shell was started, but in a page's cells where the page lies, as when it is run. */
import { dirname, resolve } from "node:path"

export class Paths {
  private from = "."

  readonly resolve = (path: string): string => resolve(this.from, path)

  /** While `work` is done, paths begin where the notebook lies. */
  async ofNotebook<T>(notebook: string, work: () => Promise<T>): Promise<T> {
    const before = this.from
    this.from = dirname(resolve(notebook))
    try {
      return await work()
    } finally {
      this.from = before
    }
  }
}
