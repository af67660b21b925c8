/**
 * The leader deletes containers that have lost their last child and TTL nodes that have expired
 * (ContainerManager). At every interval it lists the candidates, and asks for one deletion after the other at
 * no more than the given rate. Each deletion is checked again when it is prepared; one that fails because a
 * client was faster does no harm.
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
  /** How long a container that never had a child may remain, ms; 0: for ever. */
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
      // The rate is fixed, and what a long pause has missed is not made up for.
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

/** The candidates in no order, as in getCandidates. */
function* candidatesIn(
  tree: DataTree,
  { maxNeverUsedMs }: ContainerOptions,
  wallMs: number,
): Iterable<string> {
  const ageOf = (node: Znode) => wallMs - node.mtime
  for (const path of tree.containers) {
    const node = tree.node(path)
    if (node === undefined || node.childCount > 0) continue
    // A new container has no children either, but may get some.
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

/** A request without a session: a client that sends such a request is refused. The body is the path alone. */
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
