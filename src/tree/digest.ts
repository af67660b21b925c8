/**
 * The digest by which two servers tell whether their trees are equal: CRC-32 of each node, summed (AdHash,
 * DigestCalculator version 2). Nodes below /zookeeper/ do not count: quota statistics are each server's own.
 */
import type { StatPersisted } from '../protocol/records/data.ts'
import { Writer } from '../protocol/writer.ts'
import { crc32, crc32OfString } from './crc32.ts'

export const DIGEST_VERSION = 2
const TWO_32 = 0x1_0000_0000

const writer = new Writer(64)

/** Field order of the digest, which is not that of the record: pzxid comes third. */
function statBytes(stat: StatPersisted): Buffer {
  writer.discard()
  writer.zxid(stat.czxid)
  writer.zxid(stat.mzxid)
  writer.zxid(stat.pzxid)
  writer.longFromNumber(stat.ctime)
  writer.longFromNumber(stat.mtime)
  writer.int(stat.version)
  writer.int(stat.cversion)
  writer.int(stat.aversion)
  writer.long(stat.ephemeralOwner)
  return writer.peek()
}

/**
 * What path and data contribute; the root's path is ''. It is kept, so that a change among the children of a
 * large node does not read its data again.
 */
export function contentCrc(path: string, data: Buffer | null): number {
  const crc = crc32OfString(path === '/' ? '' : path)
  return data === null ? crc : crc32(data, crc)
}

/** The digest of a node whose path and data make `content`; 0 for a node that does not count. */
export function nodeDigest(path: string, content: number, stat: StatPersisted): number {
  return path.startsWith('/zookeeper/') ? 0 : crc32(statBytes(stat), content)
}

/** A sum modulo 2^64 in two halves, which costs less than a bigint per change. */
export class DigestSum {
  private high = 0
  private low = 0

  add(digest: number): void {
    this.low += digest
    if (this.low < TWO_32) return
    this.low -= TWO_32
    this.high = (this.high + 1) >>> 0
  }

  subtract(digest: number): void {
    this.low -= digest
    if (this.low >= 0) return
    this.low += TWO_32
    this.high = (this.high - 1) >>> 0
  }

  /** As a signed int64, which is how TxnDigest carries it. */
  get value(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low))
  }

  copy(): DigestSum {
    const copy = new DigestSum()
    copy.high = this.high
    copy.low = this.low
    return copy
  }
}
