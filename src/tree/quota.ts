/**
 * Quota bookkeeping below /zookeeper/quota: which paths have limits, and the statistics node of each, which every
 * server updates for itself without a transaction (DataTree.updateQuotaStat). Limits are not enforced here.
 */
export const QUOTA_ROOT = '/zookeeper/quota'
const LIMITS = 'zookeeper_limits'
const STATS = 'zookeeper_stats'

/** `/zookeeper/quota/a/b/zookeeper_limits` speaks of `/a/b`; null for any other node. */
function quotaPath(path: string, name: string): string | null {
  if (!path.startsWith(`${QUOTA_ROOT}/`) || !path.endsWith(`/${name}`)) return null
  return path.slice(QUOTA_ROOT.length, -name.length - 1)
}

export const limitedPath = (path: string): string | null => quotaPath(path, LIMITS)
export const measuredPath = (path: string): string | null => quotaPath(path, STATS)

export function statsPath(limited: string): string {
  return `${QUOTA_ROOT}${limited}/${STATS}`
}

export interface Usage {
  count: number
  bytes: number
}

/** `count=2,bytes=17` (StatsTrack.toString). */
export function formatUsage(usage: Usage): Buffer {
  return Buffer.from(`count=${usage.count},bytes=${usage.bytes}`)
}

export function parseUsage(data: Buffer | null): Usage {
  const match = /count=(-?\d+),bytes=(-?\d+)/.exec(data?.toString() ?? '')
  return { count: Number(match?.[1] ?? 0), bytes: Number(match?.[2] ?? 0) }
}

/** The paths that have limits; there are few, so the longest prefix is found by walking up. */
export class QuotaPaths {
  private readonly paths = new Set<string>()

  get isEmpty(): boolean {
    return this.paths.size === 0
  }

  add(path: string): void {
    this.paths.add(path)
  }

  delete(path: string): void {
    this.paths.delete(path)
  }

  /** The nearest limited path at or above this one; null below /zookeeper and where there is none. */
  above(path: string): string | null {
    if (path === '/zookeeper' || path.startsWith('/zookeeper/')) return null
    for (let at = path; at.length > 0; at = at.substring(0, at.lastIndexOf('/'))) {
      if (this.paths.has(at)) return at
    }
    return null
  }
}
