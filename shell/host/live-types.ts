/**
 * What the records of the cluster's streams are, as types and with values: of an input from its format, of others from their newest
 * records, asked again when that is some seconds old. Nothing is asked of a stream that nobody speaks of.
 */
import type { ClientSession } from "../../cluster/client/session.js"
import { handleData } from "../../engine/fluent/brand.js"
import { recordType, schemaOf, schemaRows } from "../../engine/fluent/schema.js"
import type { DStream, Field, SnapshotDStream } from "../../engine/fluent/types.js"
import type { Evaluator } from "../evaluator/evaluator.js"

const keptForMs = 10_000

interface Known {
  /** Of its records, in TypeScript's words; null: none have come yet. */
  readonly record: string | null
  readonly fields: readonly Field[]
  readonly askedMs: number
}

const none: Known = { record: null, fields: [], askedMs: Number.NEGATIVE_INFINITY }

export class LiveTypes {
  private readonly known = new Map<string, Known>()
  private readonly asking = new Map<string, Promise<Known>>()

  /** @param learned called with what a name stands for, whenever that is looked at and known */
  constructor(
    private readonly session: ClientSession,
    private readonly evaluator: Pick<Evaluator, "peek" | "names">,
    private readonly learned: (name: string, type: string) => void,
  ) {}

  /** The type of the stream that a name stands for, to `learned`; and, if they are asked for, fields of its newest records. */
  async of(name: string, withFields: boolean): Promise<readonly Field[]> {
    const handle = await this.evaluator.peek(name)
    return handle === undefined ? [] : this.look(name, handle, withFields)
  }

  /** The same of a stream as cells name it without a binding: `stream("views")`. */
  async found(verb: "stream" | "state", name: string): Promise<void> {
    const { definitions } = this.session.host
    const fitting = definitions.all().filter(one => one.named && (one.name === name || `${one.program}/${one.name}` === name))
    const [only] = fitting
    if (fitting.length === 1 && only) await this.look(`${verb} ${JSON.stringify(name)}`, this.session.host.open(only.id, false), false)
  }

  private async look(name: string, handle: unknown, withFields: boolean): Promise<readonly Field[]> {
    const data = handleData(handle)
    if (data?.kind !== "stream") return []
    const { kind, node, version } = this.session.host.definitions.get(data.id)
    if (kind === "output") return []
    const isSnapshot = kind === "snapshot" || kind === "state"
    const tell = (record: string) => this.learned(name, handleType(kind, data.keyed, record))
    const told = node.kind === "input" ? recordOfFormat[node.format.kind] : undefined
    if (told !== undefined) tell(told)
    if (told !== undefined && !withFields) return []
    const key = `${data.id} ${version} ${isSnapshot}`
    const { record, fields } = await this.ask(key, handle, isSnapshot)
    if (told === undefined && record !== null) tell(record)
    return fields
  }

  private ask(key: string, handle: unknown, isSnapshot: boolean): Promise<Known> {
    const before = this.known.get(key) ?? none
    if (this.session.clock.now() - before.askedMs < keptForMs) return Promise.resolve(before)
    const asked = this.asking.get(key) ?? this.asks(key, handle, isSnapshot, before)
    // What was seen before will do: nobody waits for it to be asked again.
    return before.fields.length > 0 ? Promise.resolve(before) : asked
  }

  private asks(key: string, handle: unknown, isSnapshot: boolean, before: Known): Promise<Known> {
    const askedMs = this.session.clock.now()
    const rows = isSnapshot ? (handle as SnapshotDStream<unknown>).latest().take(schemaRows) : (handle as DStream<unknown>).take(schemaRows)
    const asked = rows
      .then(newest => {
        // What it once was stands as long as nothing new has come.
        const known = newest.length === 0 ? before : { record: recordOf(newest), fields: schemaOf(newest), askedMs }
        this.known.set(key, known)
        return known
      })
      .catch(() => before)
      .finally(() => this.asking.delete(key))
    this.asking.set(key, asked)
    return asked
  }
}

const accessLog = "Rivulet.AccessLog"
const recordOfFormat: Readonly<Record<string, string | undefined>> = { combined: accessLog, text: "string" }
const accessLogFields = "agent,bytes,ip,method,referrer,status,time,url,user"

/** Those of a web server's log by their name, whichever of their fields are always empty here. */
function recordOf(rows: readonly unknown[]): string {
  const fields = schemaOf(rows).map(({ name }) => name)
  return fields.sort().join() === accessLogFields ? accessLog : recordType(rows)
}

function handleType(kind: string, keyed: boolean, record: string): string {
  if (kind === "input") return `Rivulet.InputDStream<${record}>`
  if (kind === "records") return `Rivulet.DStream<${record}>`
  // A state names its key's type and its value's.
  if (kind === "state" || keyed) return `Rivulet.StateDStream<(${record})[0], (${record})[1]>`
  return `Rivulet.SnapshotDStream<${record}>`
}
