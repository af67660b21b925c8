/**
 * Quotas where they are enforced (`enforceQuota=true`, ZooKeeperServer.checkQuota): the nearest limited path
 * above a node decides, by what is applied, not by what is pending. A hard limit refuses and hides the soft
 * one of its kind; a soft limit warns. Without `enforceQuota` neither happens.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { DecodeError } from '../../protocol/reader.ts'
import type { DataTree } from '../../tree/dataTree.ts'
import { limitsPath, QuotaText, QuotaTextError, statsPath } from '../../tree/quota.ts'
import type { SendEffect } from '../effects.ts'

/** A repeated message is logged once in this time (RateLogger). */
const REPEAT_AFTER_MS = 100

export class Quotas {
  private readonly tree: DataTree
  private readonly emit: (effect: SendEffect) => void
  private last = ''
  private toldAtMs = 0

  constructor(tree: DataTree, emit: (effect: SendEffect) => void) {
    this.tree = tree
    this.emit = emit
  }

  /**
   * `count` nodes and `bytes` of data more, or less, at this path.
   * @throws KeeperError QuotaExceeded; DecodeError for limits that are not the text of a quota (verified
   *   against Apache 3.8.0)
   */
  check(path: string, count: number, bytes: number, nowMs: number): void {
    const { tree } = this
    const limited = tree.quotas.limitedAbove(path)
    if (limited === null) return
    const limits = textOf(tree, limitsPath(limited))
    if (limits === null) return
    const checksCount = count !== 0 && (limits.count > -1 || limits.countHardLimit > -1)
    const checksBytes = bytes !== 0 && (limits.bytes > -1 || limits.byteHardLimit > -1)
    if (!checksCount && !checksBytes) return
    const used = textOf(tree, statsPath(limited))
    if (used === null) return
    const checkLimit = (unit: 'count' | 'bytes', now: number, soft: number, hard: number) => {
      const isHard = hard > -1
      const limit = isHard ? hard : soft
      if (now <= limit) return
      const name = unit === 'count' ? 'CountLimit' : 'ByteLimit'
      const passed = `[current ${unit}=${now}, ${isHard ? 'hard' : 'soft'}${name}=${limit}]`
      this.warn(`Quota exceeded: ${limited} ${passed}`, nowMs)
      if (isHard) throw new KeeperError(ErrorCode.QuotaExceeded, limited)
    }
    if (checksCount) checkLimit('count', used.count + count, limits.count, limits.countHardLimit)
    if (checksBytes) checkLimit('bytes', used.bytes + bytes, limits.bytes, limits.byteHardLimit)
  }

  private warn(message: string, nowMs: number): void {
    if (message === this.last && nowMs - this.toldAtMs < REPEAT_AFTER_MS) return
    this.last = message
    this.toldAtMs = nowMs
    this.emit({ kind: 'event', event: { type: 'log', level: 'warn', message } })
  }
}

function textOf(tree: DataTree, path: string): QuotaText | null {
  const node = tree.node(path)
  if (node === undefined) return null
  try {
    return QuotaText.parse(node.data)
  } catch (error) {
    if (error instanceof QuotaTextError) throw new DecodeError(`${path}: ${error.message}`)
    throw error
  }
}
