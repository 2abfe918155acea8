/** `.chaos`, and `kill` and `slow` in cells: a worker of an embedded cluster is killed or made slow, to see what that does. */

import type { Embedded } from "../../cluster/embedded.js"
import { RivuletError } from "../../engine/errors.js"
import type { StyledLine } from "../session.js"
import type { ChaosOrder, HostEvent } from "./port.js"

const slowTimes = 4

/** `kill w2`, `slow w2`, `slow w2 8`; `slow w2 1` ends it. Throws a RivuletError: of code 4 on a cluster that is not this shell's own. */
export function parseChaos(args: string, embedded: boolean): ChaosOrder {
  if (!embedded)
    throw new RivuletError(".chaos works on an embedded cluster only", { code: 4, try: "npm start, or rivulet shell --local --demo" })
  const kill = /^kill\s+(\S+)$/.exec(args)
  if (kill) return { worker: kill[1]!, slower: null }
  const slow = /^slow\s+(\S+)(?:\s+(\d+(?:\.\d+)?))?$/.exec(args)
  const times = slow?.[2] === undefined ? slowTimes : Number(slow[2])
  if (!slow || times < 1 || times > 100)
    throw new RivuletError(`.chaos ${args}: not understood`, { code: 2, try: ".chaos kill w2, .chaos slow w2 4, .chaos slow w2 1" })
  return { worker: slow[1]!, slower: times }
}

function chaosLine({ worker, slower }: ChaosOrder): StyledLine {
  if (slower === null) return { text: `● ${worker} killed; it starts again`, style: "warning" }
  if (slower === 1) return { text: `● ${worker} is as fast as before`, style: "warning" }
  return {
    text: `● ${worker}: its tasks take ${slower} × as long. .why says so in a while; .chaos slow ${worker} 1 ends it`,
    style: "warning",
  }
}

/** Has it carried out, and says so. */
export function orderChaos(order: ChaosOrder, emit: (event: HostEvent) => void): readonly StyledLine[] {
  emit({ kind: "chaos", order })
  return [chaosLine(order)]
}

/** What a page's cells call on a simulated cluster, as orders to an embedded one, which starts by itself what was killed. */
export function chaosNames(order: (order: ChaosOrder) => void): Readonly<Record<string, unknown>> {
  return {
    kill: (worker: string) => order(parseChaos(`kill ${worker}`, true)),
    restart: (_worker: string) => {},
    slow: (worker: string, times: number) => order(parseChaos(`slow ${worker} ${times}`, true)),
  }
}

/** Carries it out. What cannot be done is said. */
export function doChaos(
  cluster: Embedded | undefined,
  { worker, slower }: ChaosOrder,
  print: (lines: readonly StyledLine[]) => void,
): void {
  const say = (error: unknown) => {
    const { message, try: advice } = error as RivuletError
    print([{ text: `${message}${advice ? ` · ${advice}` : ""}`, style: "error" }])
  }
  try {
    if (slower === null) cluster?.kill(worker).catch(say)
    else cluster?.slow(worker, slower)
  } catch (error) {
    say(error)
  }
}
