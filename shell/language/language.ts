/**
 * The language service of a session: what the cells so far declared, the cluster's streams with the types of their records, and the
 * cell that is being typed. Synchronous, and slow for a thread that has a screen: `thread.ts` runs it in one of its own.
 */
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type ts from "typescript"
import type { Typescript } from "../typescript.js"
import { type CellText, cellText, declaredNames, finishedText, valueName } from "./cell-text.js"
import { completionsIn } from "./complete.js"
import { findingsIn } from "./findings.js"
import { inspectionAt } from "./inspect.js"
import type { Declaration, Finding, FinishedCell, Inspected, LiveNames, TypedCompletions } from "./messages.js"
import type { OpenCell } from "./open-cell.js"
import { ambientText, SessionText } from "./session-text.js"

const sessionModule = "./$session.js"

export class Language {
  private readonly session: SessionText
  private readonly paths: { readonly session: string; readonly cell: string; readonly ambient: string }
  private readonly texts = new Map<string, { readonly version: number; readonly snapshot: ts.IScriptSnapshot }>()
  private readonly files = new Map<string, ts.IScriptSnapshot | undefined>()
  private readonly service: ts.LanguageService
  private version = 0

  constructor(private readonly ts: Typescript) {
    const types = fileURLToPath(new URL("../../engine/fluent/types.js", import.meta.url))
    const at = (name: string) => join(dirname(types), name)
    this.paths = { session: at("$session.ts"), cell: at("$cell.ts"), ambient: at("$ambient.d.ts") }
    this.session = new SessionText("./types.js")
    this.put(this.paths.ambient, ambientText)
    this.put(this.paths.cell, "")
    this.putSession()
    this.service = ts.createLanguageService(this.host())
  }

  /** Loads what every answer needs. */
  warm(): void {
    this.complete("sum.", 4)
  }

  setLive(names: LiveNames): void {
    this.session.setLive(names)
    this.putSession()
  }

  restore(declarations: readonly Declaration[]): void {
    this.session.declare(declarations)
    this.putSession()
  }

  /** What a cell that has run leaves behind: from now on later cells know it. */
  declare({ text, present }: FinishedCell): readonly Declaration[] {
    const { ts } = this
    this.put(this.paths.cell, finishedText(ts, text, present, this.options()).text)
    const [emitted] = this.service.getEmitOutput(this.paths.cell, true, true).outputFiles
    if (!emitted) return []
    const declarations = declarationsOf(ts, emitted.text)
    this.session.declare(declarations)
    this.putSession()
    return declarations
  }

  complete(text: string, cursor: number): TypedCompletions | null {
    return completionsIn(this.open(cellText(this.ts, text, { ...this.options(), cursor }), text), cursor)
  }

  inspect(text: string, cursor: number): Inspected | null {
    return inspectionAt(this.open(cellText(this.ts, text, this.options()), text), cursor)
  }

  check(text: string): readonly Finding[] {
    return findingsIn(this.open(cellText(this.ts, text, this.options()), text))
  }

  private options() {
    return { names: this.session.names(), session: sessionModule }
  }

  private open(map: CellText, cell: string): OpenCell {
    const { ts, service } = this
    const { cell: path, session: sessionPath } = this.paths
    this.put(path, map.text)
    const program = service.getProgram()!
    return { ts, service, checker: program.getTypeChecker(), file: program.getSourceFile(path)!, path, sessionPath, cell, map }
  }

  private putSession(): void {
    this.put(this.paths.session, this.session.text())
  }

  private put(path: string, text: string): void {
    this.texts.set(path, { version: ++this.version, snapshot: this.ts.ScriptSnapshot.fromString(text) })
  }

  private host(): ts.LanguageServiceHost {
    const { ts, texts, files } = this
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ESNext,
      lib: ["lib.es2023.d.ts"],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      strict: true,
      noImplicitAny: false,
      useUnknownInCatchVariables: false,
      skipLibCheck: true,
      declaration: true,
      types: [],
    }
    const read = (path: string) => {
      if (!files.has(path)) {
        const text = ts.sys.readFile(path)
        files.set(path, text === undefined ? undefined : ts.ScriptSnapshot.fromString(text))
      }
      return files.get(path)
    }
    const exists = (path: string) => texts.has(path) || ts.sys.fileExists(path)
    const readText = (path: string) => {
      const snapshot = texts.get(path)?.snapshot ?? read(path)
      return snapshot?.getText(0, snapshot.getLength())
    }
    const own = new Set([this.paths.cell, this.paths.session])
    return {
      getScriptFileNames: () => [...texts.keys()],
      getScriptVersion: path => String(texts.get(path)?.version ?? 0),
      getScriptSnapshot: path => texts.get(path)?.snapshot ?? read(path),
      getCurrentDirectory: () => dirname(this.paths.cell),
      getCompilationSettings: () => options,
      getDefaultLibFileName: of => ts.getDefaultLibFilePath(of),
      fileExists: exists,
      readFile: readText,
      // Of what a cell imports nothing is read: whatever it is, it is any.
      resolveModuleNameLiterals: (literals, from) =>
        literals.map(({ text }) => {
          if (own.has(from) && text === "rivulet") return { resolvedModule: ours(ts, this.paths.session) }
          if (own.has(from) && text !== sessionModule && text !== "./types.js") return { resolvedModule: undefined }
          return ts.resolveModuleName(text, from, options, { fileExists: exists, readFile: readText })
        }),
    }
  }
}

function ours(ts: Typescript, resolvedFileName: string): ts.ResolvedModuleFull {
  return { resolvedFileName, extension: ts.Extension.Ts, isExternalLibraryImport: false }
}

/** Handles that do not say what their records are. */
const openHandle = /\b(DStream|InputDStream|SnapshotDStream|StateDStream)<[^=]*\b(unknown|any)\b/

/** An emitted module's declarations, one a name; the value of its last statement is `_`. */
function declarationsOf(ts: Typescript, text: string): Declaration[] {
  const file = ts.createSourceFile("cell.d.ts", text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS)
  const found = new Map<string, string>()
  const add = (name: string, declaration: string) => {
    const before = found.get(name)
    found.set(name, before === undefined ? declaration : `${before}\n${declaration}`)
  }
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const one of statement.declarationList.declarations) {
        const name = one.name.getText(file)
        const type = one.type ? one.type.getText(file) : "any"
        if (name === valueName) add("_", `export declare const _: ${type}`)
        else add(name, `export declare const ${name}: ${literalOr(one, file, type)}`)
      }
    } else if (ts.isImportDeclaration(statement)) {
      // Its names are the session's already.
    } else for (const name of declaredNames(ts, { statements: [statement] } as unknown as ts.SourceFile)) add(name, statement.getText(file))
  }
  return [...found].map(([name, text]) => ({ name, text, open: openHandle.test(text) }))
}

/** `const n = 1` is declared by its value. */
function literalOr(one: ts.VariableDeclaration, file: ts.SourceFile, type: string): string {
  return one.initializer ? one.initializer.getText(file) : type
}
