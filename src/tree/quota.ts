/**
 * Quota bookkeeping below /zookeeper/quota: which paths have limits, and the statistics node of each, which
 * every server updates for itself without a transaction (DataTree.updateQuotaStat). What is allowed is
 * decided where writes are prepared.
 */
import { PathTrie } from './pathTrie.ts'

export const QUOTA_ROOT = '/zookeeper/quota'
const LIMITS = 'zookeeper_limits'
const STATS = 'zookeeper_stats'

/** `/zookeeper/quota/a/b/zookeeper_limits` is about `/a/b`; null for any other node. */
function quotaPath(path: string, name: string): string | null {
  if (!path.startsWith(`${QUOTA_ROOT}/`) || !path.endsWith(`/${name}`)) return null
  return path.slice(QUOTA_ROOT.length, -name.length - 1)
}

export const limitedPath = (path: string): string | null => quotaPath(path, LIMITS)
export const measuredPath = (path: string): string | null => quotaPath(path, STATS)

export function statsPath(limited: string): string {
  return `${QUOTA_ROOT}${limited}/${STATS}`
}

export function limitsPath(limited: string): string {
  return `${QUOTA_ROOT}${limited}/${LIMITS}`
}

/** The text cannot be read. */
export class QuotaTextError extends Error {
  override name = 'QuotaTextError'
}

/** It is read again for every write below its path, and holds four numbers. */
const MOST_TEXT = 4096
const SIGNED = /^[+-]?\d{1,19}$/

/**
 * The text of a limits or statistics node: `count=2,bytes=17`, followed by hard limits as
 * `count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3`. A missing number is -1: no limit (StatsTrack).
 */
export class QuotaText {
  private readonly values: Map<string, number>

  private constructor(values: Map<string, number>) {
    this.values = values
  }

  static of(count: number, bytes: number): QuotaText {
    return new QuotaText(
      new Map([
        ['count', count],
        ['bytes', bytes],
      ]),
    )
  }

  /** @throws QuotaTextError */
  static parse(data: Buffer | null): QuotaText {
    if (data === null) throw new QuotaTextError('no text')
    if (data.length > MOST_TEXT) throw new QuotaTextError(`a text of ${data.length} bytes`)
    const values = new Map<string, number>()
    const text = data.toString()
    if (text.length === 0) return new QuotaText(values)
    // As Java's split: empty parts at the end are dropped.
    for (const pair of withoutSeparatorsAtEnd(text).split(/[,;]+/)) {
      const [key, value, more] = pair.split('=')
      if (key === undefined || value === undefined || (value === '' && !more))
        throw new QuotaTextError(`no value in "${pair}"`)
      if (value !== '' && !SIGNED.test(value)) throw new QuotaTextError(`no number in "${pair}"`)
      values.set(key, value === '' ? -1 : Number(value))
    }
    return new QuotaText(values)
  }

  /** Unreadable limits count as none. Apache's server ends when it reads such text as statistics. */
  static parseLeniently(data: Buffer | null): QuotaText {
    try {
      return QuotaText.parse(data)
    } catch (error) {
      if (!(error instanceof QuotaTextError)) throw error
      return new QuotaText(new Map())
    }
  }

  private value(key: string): number {
    return this.values.get(key) ?? -1
  }

  get count(): number {
    return this.value('count')
  }

  get bytes(): number {
    return this.value('bytes')
  }

  get countHardLimit(): number {
    return this.value('countHardLimit')
  }

  get byteHardLimit(): number {
    return this.value('byteHardLimit')
  }

  plus(count: number, bytes: number): QuotaText {
    const values = new Map(this.values)
    values.set('count', this.count + count).set('bytes', this.bytes + bytes)
    return new QuotaText(values)
  }

  /**
   * count and bytes in front, as servers before 3.7 expect them; the `=` after them lets those ignore the
   * rest.
   */
  toBuffer(): Buffer {
    const others = [...this.values.keys()].filter((key) => key !== 'count' && key !== 'bytes').sort()
    const rest = others.map((key) => `;${key}=${this.value(key)}`).join('')
    return Buffer.from(`count=${this.count},bytes=${this.bytes}${rest === '' ? '' : `=${rest}`}`)
  }
}

/** Read once from the end: as a regular expression it would take the square of a long row of separators. */
function withoutSeparatorsAtEnd(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === ',' || text[end - 1] === ';')) end -= 1
  return text.substring(0, end)
}

/** The paths that have limits. The root cannot be limited. */
export class QuotaPaths {
  private readonly paths = new PathTrie<string>()

  add(path: string): void {
    if (path !== '') this.paths.set(path, path)
  }

  delete(path: string): void {
    this.paths.delete(path)
  }

  /** The nearest limited path at or above this one; null where there is none. */
  above(path: string): string | null {
    let nearest: string | null = null
    if (this.paths.size > 0) for (const limited of this.paths.above(path)) nearest = limited
    return nearest
  }
}
