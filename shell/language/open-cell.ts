/** A cell with what answers about it are made from. */
import type ts from "typescript"
import type { Typescript } from "../typescript.js"
import type { CellText } from "./cell-text.js"

/** The cell that is looked at, as the service knows it. */
export interface OpenCell {
  readonly ts: Typescript
  readonly service: ts.LanguageService
  readonly checker: ts.TypeChecker
  readonly file: ts.SourceFile
  readonly path: string
  readonly sessionPath: string
  readonly cell: string
  readonly map: CellText
}
