/**
 * Type-checks a program before it runs (`submit`, `run`, `replay` refuse one that does not): the user's file with the
 * types of the running binary's own package, whatever folder it lies in and without a tsconfig.
 */
import { fileURLToPath } from "node:url"
import type { Diagnostic } from "typescript"
import { ownPackages } from "../../cluster/client/program/loader.js"
import { literalWords } from "../language/literal-words.js"
import { typescript } from "../typescript.js"
import { type ReadFiles, readFiles } from "./checked.js"

export interface Checked {
  /** As `file:line:column  text`; none: the program type-checks. */
  readonly errors: string[]
  /** What was read for it: the program's own files and the declarations that they use. */
  readonly read: ReadFiles
}

export function checkTypes(path: string): Checked {
  const ts = typescript()
  const paths = Object.fromEntries(
    Object.entries(ownPackages()).map(([name, url]) => [name, [fileURLToPath(url).replace(/\.js$/, ".d.ts")]]),
  )
  const program = ts.createProgram([path], {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowJs: true,
    allowImportingTsExtensions: true,
    types: ["node"],
    typeRoots: [
      fileURLToPath(new URL("../../node_modules/@types", import.meta.url)),
      fileURLToPath(new URL("../../../node_modules/@types", import.meta.url)),
    ],
    paths,
  })
  const own = program.getSourceFiles().filter(file => !program.isSourceFileFromExternalLibrary(file) && !file.isDeclarationFile)
  const users = own.filter(file => !Object.values(ownPackages()).some(url => fileURLToPath(url) === file.fileName))
  const errors = users
    .filter(file => !file.fileName.includes("/node_modules/"))
    .flatMap(file => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(describe)
  const files = program.getSourceFiles()
  const read = readFiles(
    files.map(file => file.fileName),
    files.map(file => file.text),
  )
  return { errors, read }
}

function describe(diagnostic: Diagnostic): string {
  const said = typescript().flattenDiagnosticMessageText(diagnostic.messageText, "\n  ")
  const text = literalWords(said) ?? said
  if (!diagnostic.file || diagnostic.start === undefined) return text
  const { line, character } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start)
  const source = diagnostic.file.text.split("\n")[line] ?? ""
  return `${diagnostic.file.fileName}:${line + 1}:${character + 1}  ${text}\n  ${line + 1} │ ${source.trimEnd()}`
}
