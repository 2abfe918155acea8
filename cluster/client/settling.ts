/**
 * What a definition or a question needs before it can travel: its files found, its relative times pinned, its streams by the ids that
 * the cluster has for them, and along with it the functions and data that the master does not have.
 */

import { assetHashes } from "../../engine/asset-hashes.js"
import { asksTheTime, linkFunction } from "../../engine/capture/capture.js"
import type { StreamDefinition } from "../../engine/definition.js"
import { mapRdds, rddsOf } from "../../engine/dstream/own-rdds.js"
import type { HandleData } from "../../engine/fluent/brand.js"
import type { UserFunction } from "../../engine/fluent/host.js"
import type { Asset, FunctionLink, FunctionRef, Origin } from "../../engine/function-ref.js"
import type { RddNode } from "../../engine/rdd.js"
import { rewrite } from "../../engine/tree.js"
import type { AnswerStamp, Request, ResponseValues } from "../protocol.js"
import { AnswerError } from "./calls.js"
import { type HeadReader, withNames } from "./csv-names.js"
import type { Definitions } from "./definitions.js"
import { handlesIn } from "./handles.js"
import { Packages } from "./packages/packages.js"
import { Pins } from "./pins.js"
import { type AskedFiles, textFileNode } from "./text-files.js"
import { leavesOf, mapLeaves } from "./tree.js"

const formatBytes = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`

/** `kept`: what the master should still have. */
export interface NamedAssets {
  readonly assets: readonly Asset[]
  readonly kept: readonly string[]
}

export class Settling {
  readonly #definitions: Definitions
  readonly #findFilesOf: (asked: Extract<Request, { kind: "files" }>) => Promise<ResponseValues["files"]>
  readonly #heads: HeadReader
  readonly #pins = new Pins()
  readonly #packages = new Packages()
  readonly #assets = new Map<string, Asset>()
  /** Hashes that the master keeps with a definition. */
  readonly #journaled = new Set<string>()
  readonly #files = new Map<RddNode, AskedFiles>()
  /** By their ids: a leaf that was captured as data is found again. */
  readonly #textFiles = new Map<string, RddNode>()
  /** What each function captured, as shown: `limit = 5`. */
  readonly #captures = new Map<string, readonly string[]>()
  readonly #functions = new Map<string, FunctionRef>()
  /** Of bodies that captured handles. */
  readonly #holds = new Map<string, readonly RddNode[]>()
  /** Functions that ask for the time. */
  readonly #clockUsers = new Set<string>()
  #saidClock = false
  /** Persisted RDDs that are so no more, whoever still holds a handle made of them. */
  readonly #unpersisted = new Set<string>()

  constructor(
    definitions: Definitions,
    findFiles: (asked: Extract<Request, { kind: "files" }>) => Promise<ResponseValues["files"]>,
    heads: Omit<HeadReader, "list">,
  ) {
    this.#definitions = definitions
    this.#heads = { ...heads, list: async paths => (await findFiles({ kind: "files", paths })).files }
    this.#findFilesOf = findFiles
  }

  // ── functions and data ──

  /** See `Host.link`. */
  link(f: UserFunction, operator: string, origin: Origin | undefined, driver: boolean): FunctionLink {
    const policy = { allowAsync: driver, allowHandles: driver, modules: this.#packages }
    const { link, assets, ref } = linkFunction(f, { operator, origin, ...policy })
    for (const asset of assets) this.#assets.set(asset.hash, asset)
    if (ref !== undefined) {
      const shown = ref.captured.map(({ name, shown }) => `${name} = ${shown}`)
      const parts = assets.slice(1).reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
      if (parts > 0) shown.push(`${formatBytes(parts)} sent once a worker`)
      this.#captures.set(ref.hash, shown)
      this.#functions.set(ref.hash, ref)
      if (!driver && asksTheTime(ref)) this.#clockUsers.add(ref.hash)
      if (driver)
        this.#holds.set(
          ref.hash,
          handlesIn(ref).map(data => this.#held(data)),
        )
    }
    return link
  }

  /** What a body's definition must hold, as its function captured streams or RDDs. */
  holdsOf(link: FunctionLink): readonly RddNode[] {
    return link.kind === "function" ? (this.#holds.get(link.hash) ?? []) : []
  }

  functionOf(link: FunctionLink): FunctionRef | null {
    return link.kind === "function" ? (this.#functions.get(link.hash) ?? null) : null
  }

  /** What the definition's functions captured, as shown. */
  capturesOf({ node }: StreamDefinition): string[] {
    return [...assetHashes(node)].flatMap(hash => this.#captures.get(hash) ?? [])
  }

  /** Said once a session. */
  notesOf({ node }: StreamDefinition): string[] {
    if (this.#saidClock || ![...assetHashes(node)].some(hash => this.#clockUsers.has(hash))) return []
    this.#saidClock = true
    return ["Date.now() in a function is the start of its interval: the same whenever it is computed"]
  }

  /** Data for `parallelize`: it travels as an asset. */
  addAsset(asset: Asset): void {
    this.#assets.set(asset.hash, asset)
  }

  /**
   * Asks with the assets that the data names, but for those that the master keeps. It keeps them no longer than what was defined with them: what
   * it lacks it says, and is sent.
   */
  async withAssets<T>(data: unknown, ask: (named: NamedAssets) => Promise<T>): Promise<T> {
    const hashes = [...assetHashes(data)]
    const named = (): NamedAssets => ({
      assets: hashes.flatMap(hash => (this.#journaled.has(hash) ? [] : (this.#assets.get(hash) ?? []))),
      kept: hashes.filter(hash => this.#journaled.has(hash)),
    })
    try {
      return await ask(named())
    } catch (error) {
      if (!(error instanceof AnswerError) || error.lacking === undefined) throw error
      for (const hash of error.lacking) this.#journaled.delete(hash)
      return ask(named())
    }
  }

  /** The master keeps them with a definition. */
  journaled(assets: readonly Asset[]): void {
    for (const { hash } of assets) this.#journaled.add(hash)
  }

  // ── nodes ──

  textFile(id: string, asked: AskedFiles): RddNode {
    const node: RddNode = Object.freeze({ kind: "textFile", id, splits: [] })
    this.#files.set(node, asked)
    this.#textFiles.set(id, node)
    return node
  }

  /** The newest version stands for a stream that is captured as a whole. */
  #held(data: HandleData): RddNode {
    if (data.kind !== "rdd") return { kind: "version", stream: data.id, at: Number.POSITIVE_INFINITY }
    return mapLeaves(data.node, leaf => (leaf.kind === "textFile" ? (this.#textFiles.get(leaf.id) ?? leaf) : leaf))
  }

  unpersist(id: string): void {
    this.#unpersisted.add(id)
  }

  /** What an answer says of the relative times that were asked. */
  learn(asked: RddNode, stamp: AnswerStamp): void {
    this.#pins.learn(asked, stamp)
  }

  async definition(draft: StreamDefinition): Promise<StreamDefinition> {
    const definition = await withNames(draft, this.#heads)
    const rdds = rddsOf(definition.node)
    for (const rdd of rdds) await this.#findFiles(rdd)
    const { node, name, seed = name } = definition
    return Object.freeze({ ...definition, seed, node: mapRdds(node, rdd => this.#renamed(this.#pins.apply(rdd))) })
  }

  definitions(drafts: readonly StreamDefinition[]): Promise<StreamDefinition[]> {
    return Promise.all(drafts.map(draft => this.definition(draft)))
  }

  async rdd(node: RddNode): Promise<RddNode> {
    await this.#findFiles(node)
    const settled = this.#renamed(this.#pins.apply(node))
    if (this.#unpersisted.size === 0) return settled
    return rewrite(settled, below => (below.kind === "persist" && this.#unpersisted.has(below.id) ? below.parent : below))
  }

  /** Streams by the ids that the cluster has for them. */
  #renamed(node: RddNode): RddNode {
    return mapLeaves(node, leaf => {
      if (leaf.kind === "textFile") return leaf
      const stream = this.#definitions.idOf(leaf.stream)
      return stream === leaf.stream ? leaf : { ...leaf, stream }
    })
  }

  async #findFiles(node: RddNode): Promise<void> {
    for (const leaf of leavesOf(node)) {
      const asked = this.#files.get(leaf)
      if (leaf.kind !== "textFile" || asked === undefined || this.#pins.get(leaf) !== leaf) continue
      const { files } = await this.#findFilesOf({ kind: "files", paths: asked.paths })
      if (this.#pins.get(leaf) === leaf) this.#pins.set(leaf, textFileNode(leaf.id, asked, files))
      this.#files.delete(leaf)
    }
  }
}
