/**
 * What a user's function computes, as a small tree: the part of JavaScript that kernels understand (`read.ts` makes it out of
 * the function's text). Engine-neutral plain data; whoever lowers it knows the types of what goes in. A name that is used twice
 * is the same node twice.
 */

export type Expression =
  /** A parameter of the function, or of a function within it: numbered in order of appearance, unique in the tree. */
  | { readonly kind: "parameter"; readonly id: number }
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "object"; readonly fields: readonly { readonly name: string; readonly value: Expression }[] }
  | { readonly kind: "item"; readonly of: Expression; readonly index: number }
  | { readonly kind: "field"; readonly of: Expression; readonly name: string }
  | { readonly kind: "method"; readonly of: Expression; readonly name: string; readonly args: readonly (Expression | Lambda)[] }
  /** A function of the language, by its name: `Math.floor`, `Number`; `Date` is `new Date`, `-` a number's negation. */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  /** `regex.test(of)`, from the text's beginning. */
  | { readonly kind: "test"; readonly source: string; readonly flags: string; readonly of: Expression }
  | { readonly kind: "compare"; readonly operator: CompareOperator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "arithmetic"; readonly operator: ArithmeticOperator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "logic"; readonly operator: "&&" | "||" | "??"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "conditional"; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  /** Texts with what stands between them: one text more than parts. */
  | { readonly kind: "template"; readonly texts: readonly string[]; readonly parts: readonly Expression[] }
  /** What is computed before the body, whether or not the body asks for it: it may throw. */
  | { readonly kind: "sequence"; readonly first: readonly Expression[]; readonly body: Expression }

export interface Lambda {
  readonly kind: "lambda"
  readonly parameters: readonly number[]
  readonly body: Expression
}

export const compareOperators = ["===", "!==", "==", "!=", "<", "<=", ">", ">="] as const
export type CompareOperator = (typeof compareOperators)[number]
export const arithmeticOperators = ["+", "-", "*", "/", "%", "|", "&", "^", "<<", ">>", ">>>"] as const
export type ArithmeticOperator = (typeof arithmeticOperators)[number]

/** Why something is not understood: a phrase for `explain()`, such as "calls toUpperCase". */
export class NotUnderstood extends Error {}
