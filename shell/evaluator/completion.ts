/**
 * Completion at the prompt: names in scope, and the members of what stands before the dot. The value is looked at under
 * V8's own guard against side effects, so that nothing is defined or asked by pressing Tab.
 */

export interface CompletionItem {
  readonly text: string
  readonly detail: string
}

/** What the chosen item replaces is `[from, to)` of the text. */
export interface Completions {
  readonly items: readonly CompletionItem[]
  readonly from: number
  readonly to: number
}

type Post = <T>(method: string, params: object) => Promise<T>

interface Remote {
  readonly type: string
  readonly objectId?: string
  readonly description?: string
  readonly value?: unknown
}

const language =
  "Array ArrayBuffer Boolean Buffer Date Error Intl JSON Map Math Number Object Promise RegExp Set String Symbol TextDecoder TextEncoder URL console globalThis isNaN parseFloat parseInt process structuredClone async await class const else false for function if let new null of return throw true try typeof undefined while".split(
    " ",
  )

export async function completionsAt(text: string, cursor: number, names: readonly string[], post: Post): Promise<Completions> {
  const before = text.slice(0, cursor)
  const prefix = /[\p{ID_Continue}$]*$/u.exec(before)![0]
  const from = cursor - prefix.length
  const dot = /\??\.\s*$/.exec(before.slice(0, from))
  if (!dot) {
    if (/^\d/.test(prefix)) return { items: [], from, to: cursor }
    const own = names.filter(name => fits(name, prefix))
    const known = prefix === "" ? [] : language.filter(name => fits(name, prefix) && !own.includes(name))
    return {
      items: [...own.map(name => ({ text: name, detail: "" })), ...known.map(name => ({ text: name, detail: "" }))],
      from,
      to: cursor,
    }
  }
  const object = expressionBefore(before.slice(0, from - dot[0].length))
  // A cell that begins with a dot goes on with the last expression.
  const members =
    object === "" ? (/^\s*\??\.\s*$/.test(before.slice(0, from)) ? await membersOf("_", post) : []) : await membersOf(object, post)
  return { items: members.filter(member => fits(member.text, prefix) && (prefix !== "" || member.detail !== "Object")), from, to: cursor }
}

function fits(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && (prefix.startsWith("_") || !name.startsWith("_"))
}

/** The operand that ends at the text's end: names, members, calls, literals; "" when there is none that can be looked at. */
export function expressionBefore(text: string): string {
  let at = text.length
  for (;;) {
    const rest = text.slice(0, at)
    const trimmed = rest.trimEnd()
    const last = trimmed.at(-1)
    if (last === undefined) break
    if (last === ")" || last === "]" || last === "}") {
      const open = matching(trimmed)
      if (open < 0 || last === "}") return ""
      at = open
      continue
    }
    if (last === '"' || last === "'" || last === "`") {
      const open = trimmed.lastIndexOf(last, trimmed.length - 2)
      if (open < 0) return ""
      at = open
      break
    }
    const name = /[\p{ID_Continue}$]+$/u.exec(trimmed)
    if (name) {
      // `return x` and `x y`: two words side by side are two things.
      if (at < text.length && /^[\p{ID_Continue}$]/u.test(text.slice(at).trimStart())) break
      at = trimmed.length - name[0].length
      const dot = /\??\.\s*$/.exec(text.slice(0, at))
      if (!dot) break
      at -= dot[0].length
      continue
    }
    break
  }
  return text.slice(at).trim()
}

/** The index of the bracket that the last character closes; -1 when strings make it uncertain. */
function matching(text: string): number {
  let depth = 0
  for (let at = text.length - 1; at >= 0; at--) {
    const character = text[at]!
    if (character === '"' || character === "'" || character === "`") {
      at = text.lastIndexOf(character, at - 1)
      if (at < 0) return -1
    } else if (")]}".includes(character)) depth++
    else if ("([{".includes(character) && --depth === 0) return at
  }
  return -1
}

/** Own members first, then those of the prototypes, nearest first; each with what it is. */
async function membersOf(expression: string, post: Post): Promise<CompletionItem[]> {
  const objectGroup = "rivulet.completion"
  try {
    const guard = { throwOnSideEffect: true, silent: true, objectGroup, timeout: 100 }
    const found = await post<{ result: Remote; exceptionDetails?: unknown }>("Runtime.evaluate", {
      expression: `(${expression}\n)`,
      ...guard,
    })
    if (found.exceptionDetails) return []
    let { objectId } = found.result
    if (objectId === undefined) {
      const boxed = await post<{ result: Remote; exceptionDetails?: unknown }>("Runtime.evaluate", {
        expression: `Object(${expression}\n)`,
        ...guard,
      })
      if (boxed.exceptionDetails) return []
      objectId = boxed.result.objectId
    }
    if (objectId === undefined) return []
    const listed = await post<{ result: { value?: [string, string][] }; exceptionDetails?: unknown }>("Runtime.callFunctionOn", {
      objectId,
      functionDeclaration: listMembers,
      returnByValue: true,
      ...guard,
    })
    return (listed.result.value ?? []).map(([text, detail]) => ({ text, detail }))
  } catch {
    // What cannot be looked at without running something has no completion.
    return []
  } finally {
    await post("Runtime.releaseObjectGroup", { objectGroup })
  }
}

const listMembers = `function () {
  const found = []
  const seen = new Set(["constructor"])
  const isArray = Array.isArray(this) || ArrayBuffer.isView(this)
  const isHandle = "lineage" in this && "explain" in this
  for (let at = this; at !== null && at !== undefined; at = Object.getPrototypeOf(at)) {
    const fromObject = at === Object.prototype && at !== this
    for (const name of Object.getOwnPropertyNames(at)) {
      if (seen.has(name) || !/^[\\p{ID_Start}$_][\\p{ID_Continue}$]*$/u.test(name)) continue
      if (isArray && at === this && name !== "length") continue
      seen.add(name)
      // Of a handle what is its own serves the library; and methods that only say what something is called here are no methods.
      if (isHandle && (at === this || Object.getOwnPropertyDescriptor(at, name).writable === false)) continue
      if (at === Function.prototype && (name === "caller" || name === "arguments")) continue
      const property = Object.getOwnPropertyDescriptor(at, name)
      const value = property.value
      const kind = property.get ? "" : typeof value === "function" ? (/^class/.test(Function.prototype.toString.call(value)) ? "class" : "method") : value === null ? "null" : typeof value
      const shown = typeof value === "number" || typeof value === "boolean" ? kind + " " + value : typeof value === "string" ? "string " + JSON.stringify(value.slice(0, 40)) : kind
      found.push([name, fromObject ? "Object" : shown])
    }
  }
  return found
}`
