/**
 * Every message between nodes, as plain data. The codec adds the envelope (protocol version, channel numbers, sender) and
 * checks shapes on arrival (`codec.ts`); payload frames (blocks) travel beside the message, never inside it.
 *
 * Delivery: `Channel` gives each ordered pair of living nodes exactly-once, in-order delivery over a transport that may
 * lose, duplicate and reorder. What a channel cannot give (a peer that died) each exchange answers by itself:
 * requests are asked again, batches resent, reports repeated. Messages marked (datagram) bypass the channel.
 */

import type { BlockMessage } from "./protocol/blocks.js"
import type { InputMessage } from "./protocol/input.js"
import type { MembershipMessage } from "./protocol/membership.js"
import type { RequestMessage } from "./protocol/requests.js"
import type { TaskMessage } from "./protocol/tasks.js"

export type { BlockOwner, CopiedBlocks, HeldBlock, Replica, StreamUse } from "./protocol/blocks.js"
export type { BatchKey, FoldMark, InputInfo, ReceivedBlock, SettledBlock } from "./protocol/input.js"
export type { Peer } from "./protocol/membership.js"
export type { LossOrigin, PartitionLineage, PartitionStep, WorkerLoss } from "./protocol/partition-lineage.js"
export type { Recipe, RecipePart, RecipeStep } from "./protocol/recipe.js"
export type { AnswerStamp, LineageNode, QueryAnswer, ReplacePlan, Request, Response, ResponseValues } from "./protocol/requests.js"
export type {
  CatalogEntry,
  ClusterEvent,
  ClusterStatus,
  EventEntry,
  HeldRetry,
  JobStatus,
  LogEntry,
  LongTask,
  LookedAhead,
  MastersStatus,
  PastEvent,
  RunningTask,
  WhyCause,
  WhyReport,
  WorkerStatus,
} from "./protocol/status.js"
export type { LaunchInput, LaunchTask, TaskDone } from "./protocol/tasks.js"

export const protocolVersion = 1
/** Larger frames are dropped and counted. */
export const maxFrameBytes = 64 * 1024 * 1024

/** By subject; in each, by who says it to whom. */
export type Message = MembershipMessage | InputMessage | BlockMessage | TaskMessage | RequestMessage
