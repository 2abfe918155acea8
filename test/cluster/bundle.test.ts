import { test } from "uvu"
import * as assert from "uvu/assert"
import * as fc from "fast-check"
import { bundle, unbundle } from "../../cluster/transport/bundle.js"

const bytes = (frames: readonly Uint8Array[]) => frames.map(frame => [...frame])

test("packets come out as they went in, in order", () => {
  const frame = fc.uint8Array({ maxLength: 40 })
  const packet = fc.array(frame, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(packet, { minLength: 1, maxLength: 20 }), packets => {
      const out = unbundle([bundle(packets)])
      assert.equal(out?.map(bytes), packets.map(bytes))
    }),
  )
})

test("a message that is no bundle is one packet, frames as they lie", () => {
  const message = [Uint8Array.of(0x52, 1, 2), Uint8Array.of(0x42, 1)]
  assert.is(unbundle(message)?.[0], message)
  assert.is(unbundle([Uint8Array.of(0x52)])?.length, 1)
})

test("a damaged bundle is none, wherever it was cut or changed", () => {
  const whole = bundle([[Uint8Array.of(1, 2, 3)], [Uint8Array.of(4), Uint8Array.of(5, 6)]])
  for (let length = 1; length < whole.length; length++) {
    const packets = unbundle([whole.subarray(0, length)])
    // Cut between packets, what is there is whole.
    assert.ok(packets === null || packets.length <= 1, `${length} bytes`)
  }
  const other = Uint8Array.from(whole)
  other[1] = 9
  assert.is(unbundle([other]), null)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), garbage => {
      unbundle([Uint8Array.of(0x42, 1, ...garbage)])
    }),
  )
})

test.run()
