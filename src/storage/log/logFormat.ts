/**
 * The transaction log's frames (FileTxnLog, Util.marshallTxnEntry):
 *   file    int `ZKLG`, int 2, long dbid 0, then entries, then zeros to the end of the preallocated space
 *   entry   long Adler-32 of the payload, int length of the payload, payload, byte 0x42
 *   payload a transaction (protocol/transaction.ts)
 */
import type { Zxid } from '../../protocol/zxid.ts'
import { adler32 } from '../snapshot/adler32.ts'

export const LOG_MAGIC = 0x5a4b4c47
export const LOG_VERSION = 2
export const LOG_HEADER_SIZE = 16
export const ENTRY_MARKER = 0x42
/** Bytes before the payload. */
export const ENTRY_HEAD = 12
/** Bytes around the payload. */
export const ENTRY_OVERHEAD = ENTRY_HEAD + 1

export function logHeader(): Buffer {
  const header = Buffer.alloc(LOG_HEADER_SIZE)
  header.writeInt32BE(LOG_MAGIC, 0)
  header.writeInt32BE(LOG_VERSION, 4)
  return header
}

/** Writes an entry and returns the offset after it. */
export function writeEntry(into: Buffer, at: number, payload: Buffer): number {
  into.writeUInt32BE(0, at)
  into.writeUInt32BE(adler32(payload), at + 4)
  into.writeInt32BE(payload.length, at + 8)
  payload.copy(into, at + ENTRY_HEAD)
  const marker = at + ENTRY_HEAD + payload.length
  into[marker] = ENTRY_MARKER
  return marker + 1
}

/** A transaction's zxid, from its header: long session, int cxid, long zxid. */
export function zxidOfPayload(payload: Buffer): Zxid {
  return (payload.readInt32BE(12) * 0x1_0000_0000 + payload.readUInt32BE(16)) as Zxid
}

/** Session, cxid, zxid, time and type: what every payload begins with. */
export const TXN_HEADER_SIZE = 32
