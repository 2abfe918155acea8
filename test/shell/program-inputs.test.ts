/** What a submit says of inputs: those of the program, and none of the other programs on the cluster. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Definitions } from "../../cluster/client/definitions.js"
import type { StreamDefinition } from "../../engine/definition.js"
import { programInputs } from "../../shell/cli/program-inputs.js"

const test = suite("inputs of a program")

const input = (definitions: Definitions, name: string): StreamDefinition => {
  const source = { kind: "receiver", name } as const
  const node = { kind: "input", source, format: { kind: "text" }, timestamp: null, disorderMs: 0, onBadRecord: "setAside" } as const
  return definitions.define({ operator: "readStream", kind: "input", intervalMs: 1000, node, name }, { at: "", source: "" })
}
const windowOf = (definitions: Definitions, parent: string): StreamDefinition => {
  const node = { kind: "window", parent, lengthMs: 2000, slideMs: 1000 } as const
  return definitions.define({ operator: "window", kind: "records", intervalMs: 1000, node }, { at: "", source: "" })
}

test("its own, and another's that it reads, also through steps; not those that only others read", () => {
  const before = new Definitions({ session: "s1", program: "views", owner: "ann" }, 2)
  const others = [input(before, "views"), input(before, "elsewhere")]
  const mine = input(new Definitions({ session: "s2", program: "late", owner: "bob" }, 2), "mine")
  const definitions = new Definitions({ session: "s3", program: "late", owner: "bob" }, 2)
  definitions.catalog([...others, mine].map(definition => ({ definition, sinceMs: 0 })))
  windowOf(definitions, windowOf(definitions, others[0]!.id).id)
  input(definitions, "fresh")
  assert.equal(programInputs(definitions, "late").sort(), ["late/fresh", "late/mine", "views/views"])
})

test.run()
