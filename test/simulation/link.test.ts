/** What a simulated link carries goes one after the other. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { addressOf, fairWeather, type Host, Network } from "../../cluster/testing/network.js"
import { World } from "../../cluster/testing/world.js"

const test = suite("simulation/link")

/** Two places, a network without delays of its own, and when each frame came. */
function pair(link: Network["link"]) {
  const world = new World(1)
  const network = new Network(world)
  network.weather = { ...fairWeather, minDelayMs: 1, meanDelayMs: 0 }
  network.link = link
  const came: [string, number][] = []
  for (const node of ["a#1", "b#1", "c#1"]) {
    const host: Host = {
      node,
      address: addressOf(node.slice(0, 1)),
      receive: () => came.push([node, Math.round(world.nowMs * 10) / 10]),
      lost: () => {},
      reached: () => {},
    }
    network.join(host)
    for (const to of ["a#1", "b#1", "c#1"]) network.connect(node, to, addressOf(to.slice(0, 1)))
  }
  return { world, network, came }
}

const bytes = (n: number) => [new Uint8Array(n)]
const link = (many: readonly string[] = []) => ({
  bytesPerMs: 10,
  sizeBytes: (_: string, frames: readonly Uint8Array[]) => frames.reduce((sum, frame) => sum + frame.byteLength, 0),
  many: new Set(many),
})

test("frames of one sender wait for each other, and so do those that come to one place", () => {
  const { world, network, came } = pair(link())
  network.send("a#1", "c#1", bytes(100))
  network.send("a#1", "b#1", bytes(100))
  network.send("b#1", "c#1", bytes(100))
  world.runUntil(100)
  // 10 ms out and 10 in; the second waits for the first's way out, the third for the first's way in.
  assert.equal(
    came.sort(([, one], [, other]) => one - other),
    [
      ["c#1", 21],
      ["b#1", 31],
      ["c#1", 31],
    ],
  )
})

test("who stands for many sends all at once; without a link all frames do", () => {
  const shared = pair(link(["a"]))
  const none = pair(null)
  for (const { network, world } of [shared, none]) {
    network.send("a#1", "b#1", bytes(100))
    network.send("a#1", "c#1", bytes(100))
    world.runUntil(100)
  }
  assert.equal(
    shared.came.map(([, atMs]) => atMs),
    [11, 11],
  )
  assert.equal(
    none.came.map(([, atMs]) => atMs),
    [1, 1],
  )
})

test.run()
