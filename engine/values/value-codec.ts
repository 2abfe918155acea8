/**
 * One value as bytes, exactly and canonically.
 *
 * node:v8's serializer keeps any value exactly, but its bytes depend on how the engine happens to hold the value (a string
 * cut from a wider one, the number 2 that was computed as 1.5 + 0.5), and the same interval must give the same bytes on
 * every machine. So plain data has an encoding of its own here, whose bytes depend on the value alone. What is not plain
 * data (cycles, errors, boxed primitives, …) goes through node:v8: its bytes begin with 0xff, no tag of ours does.
 *
 * An instance of a class becomes a plain object of its own enumerable fields, as with structured cloning.
 */

import { ValueReader } from "./value-reader.js"
import { ValueWriter } from "./value-writer.js"

/** The bytes of a value. Throws RivuletError on what cannot be data: functions, symbols, promises. */
export function serializeValue(value: unknown): Uint8Array {
  const writer = new ValueWriter()
  writer.write(value)
  return writer.bytes().slice()
}

/** The value of the bytes; shares no memory with them. Throws RivuletError on bytes that are none. */
export function deserializeValue(bytes: Uint8Array): unknown {
  return new ValueReader(bytes).whole()
}
