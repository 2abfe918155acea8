/** What a worker says that it holds: what is known or wanted is noted, the rest forgotten. */

import type { NodeId } from "../ports.js"
import type { HeldBlock } from "../protocol.js"
import type { Checkpointer } from "./checkpointer.js"
import type { InputCopies } from "./input-copies.js"
import type { Parts } from "./parts.js"

export function takeIn(
  { admission, catalog, ledger, outbox, scheduler, tracker }: Parts,
  { checkpointer, copies }: { readonly checkpointer: Checkpointer; readonly copies: InputCopies },
  node: NodeId,
  held: readonly HeldBlock[],
): void {
  const dropped: string[] = []
  for (const { block, rows, bytes, owner, batch } of held) {
    if (owner === null) {
      const sealed = admission.where(block)
      if (sealed !== undefined || tracker.knows(block)) tracker.hold(block, node, bytes, rows)
      // What is in no seal is reported by its worker, unless the batch came in otherwise.
      else if (batch === null) outbox.forget(node, block)
      else {
        const input = catalog.receiver(batch.stream) ?? catalog.get(batch.stream)
        const gone =
          input === undefined ? catalog.wasStopped(batch.stream) : ledger.wasAdmitted(batch.session, input.definition.id, batch.seq)
        if (gone) dropped.push(block)
      }
      continue
    }
    if (tracker.knows(block)) {
      tracker.hold(block, node, bytes, rows)
      continue
    }
    const { stream, interval, output, partition } = owner
    const record = stream === null ? undefined : ledger.streams.get(stream)
    const made = record?.stoppedMs === null ? record.made.findLast(one => one.output === output) : undefined
    if (stream === null || interval === null || made === undefined || !made.partitions.includes(partition)) {
      outbox.forget(node, block)
      continue
    }
    const part = {
      block,
      rows,
      bytes,
      ...(owner.sectionRows === undefined ? {} : { sectionRows: owner.sectionRows }),
      ...(owner.base === undefined ? {} : { base: owner.base }),
      ...(owner.keys === undefined ? {} : { keys: owner.keys }),
    }
    if (!tracker.put(output, partition, part, node)) outbox.forget(node, block)
    else {
      checkpointer.found(block, stream, interval, made.of)
      scheduler.restored(output, partition)
    }
  }
  for (const { block } of held) {
    const owner = tracker.owner(block)
    if (owner !== null) checkpointer.held(block)
  }
  copies.joined(node, held)
  if (dropped.length > 0) outbox.send(node, { kind: "settled", kept: [], dropped })
  scheduler.found()
}
