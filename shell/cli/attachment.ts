/** What a shell is opened with, whichever of them it is. */
import type { Welcome } from "../../cluster/client/call.js"
import type { Embedded } from "../../cluster/embedded.js"
import type { Demo } from "../demo/process.js"
import type { History } from "../editor/history.js"
import type { StyledLine } from "../session.js"
import type { ProfileColor } from "./config.js"
import type { Ending } from "./ending.js"

/** What a shell is attached to, and what of it is its own. */
export interface Attachment {
  readonly address: string
  readonly name: string
  readonly cluster: Embedded | undefined
  readonly demo: Demo | undefined
  readonly readOnly?: boolean
  /** Of its profile: the prompt's. */
  readonly color?: ProfileColor
  /** Commands that change it are typed twice. */
  readonly confirm?: boolean
}

/** `cells`: the text of cells to run first. */
export interface OpenShellOptions {
  readonly attachment: Attachment
  readonly tz: string
  readonly user: string
  readonly history: History
  readonly banner: readonly StyledLine[]
  readonly cells: string | undefined
  readonly ending: Ending
}

/** What the banner says of a key that the master admits to read alone; nothing where that was asked for. */
export function keyLines({ readOnly }: Attachment, welcome: Welcome): StyledLine[] {
  return welcome.readOnly && !readOnly ? [{ text: "  your key may only read: what changes anything is refused", style: "warning" }] : []
}
