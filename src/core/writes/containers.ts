/**
 * Who leads deletes containers that have served and TTL nodes that have lived long enough (ContainerManager).
 * At every interval it lists the candidates, and asks for one deletion after the other at no more than the
 * given rate. Each is decided anew when it is prepared; that it fails, because somebody was quicker, harms
 * nobody.
 */
import { NO_SESSION } from '../../protocol/ids.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import type { DataTree } from '../../tree/dataTree.ts'
import { ttlOf, type Znode } from '../../tree/znode.ts'
import type { Now } from '../effects.ts'
import type { Request } from '../request.ts'

/** `znode.container.*`. */
export interface ContainerOptions {
  readonly checkIntervalMs: number
  readonly maxPerMinute: number
  /** How long a container that never had a child may stay, ms; 0: for ever. */
  readonly maxNeverUsedMs: number
}

export const DEFAULT_CONTAINERS: ContainerOptions = {
  checkIntervalMs: 60_000,
  maxPerMinute: 10_000,
  maxNeverUsedMs: 0,
}

export class ContainerManager {
  private readonly options: ContainerOptions
  private nextCheckAtMs: number
  private nextDeletionAtMs = 0
  private candidates: string[] = []

  constructor(options: ContainerOptions, now: Now) {
    this.options = options
    this.nextCheckAtMs = now.monotonicMs + options.checkIntervalMs
  }

  get nextDeadlineMs(): number {
    return this.candidates.length > 0 ? this.nextDeletionAtMs : this.nextCheckAtMs
  }

  /** Deletions that are due. */
  due(tree: DataTree, now: Now): Request[] {
    const { checkIntervalMs, maxPerMinute } = this.options
    if (this.candidates.length === 0) {
      if (now.monotonicMs < this.nextCheckAtMs) return []
      this.nextCheckAtMs += checkIntervalMs
      // At a fixed rate, but what a long pause has missed is not made up for.
      if (this.nextCheckAtMs <= now.monotonicMs) this.nextCheckAtMs = now.monotonicMs + checkIntervalMs
      this.candidates = [...candidatesIn(tree, this.options, now.wallMs)].reverse()
      this.nextDeletionAtMs = now.monotonicMs
    }
    const pauseMs = Math.floor(60_000 / maxPerMinute)
    const requests: Request[] = []
    while (this.candidates.length > 0 && this.nextDeletionAtMs <= now.monotonicMs) {
      requests.push(deletionOf(this.candidates.pop() as string))
      this.nextDeletionAtMs += pauseMs
    }
    return requests
  }
}

/** In no order, as getCandidates. */
function* candidatesIn(
  tree: DataTree,
  { maxNeverUsedMs }: ContainerOptions,
  wallMs: number,
): Iterable<string> {
  const ageOf = (node: Znode) => wallMs - node.mtime
  for (const path of tree.containers) {
    const node = tree.node(path)
    if (node === undefined || node.childCount > 0) continue
    // One that is new has no children either: they are yet to come.
    const hasServed = node.cversion > 0
    if (hasServed || (maxNeverUsedMs !== 0 && ageOf(node) > maxNeverUsedMs)) yield path
  }
  for (const path of tree.ttls) {
    const node = tree.node(path)
    if (node === undefined || node.childCount > 0) continue
    const ttlMs = ttlOf(node.ephemeralOwner)
    if (ttlMs !== 0 && ageOf(node) > ttlMs) yield path
  }
}

/** Of no session: a client that asks for the like is refused. The body is the path alone. */
function deletionOf(path: string): Request {
  return {
    sessionId: NO_SESSION,
    cxid: 0,
    type: OpCode.deleteContainer,
    body: Buffer.from(path),
    authInfo: [],
    owner: 'local',
  }
}
