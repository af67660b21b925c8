/**
 * The format of the transaction log (FileTxnLog, Util.marshallTxnEntry):
 *   file    int `ZKLG`, int 2, long dbid 0, then entries, then zeros to the end of the preallocated space
 *   entry   long Adler-32 of the payload, int length of the payload, payload, byte 0x42
 *   payload a transaction (protocol/transaction.ts)
 */
import { Reader } from '../../protocol/reader.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import { adler32 } from '../snapshot/adler32.ts'

export const LOG_MAGIC = 0x5a4b4c47
export const LOG_VERSION = 2
export const LOG_HEADER_SIZE = 16
export const ENTRY_MARKER = 0x42
/** Number of bytes before the payload. */
export const ENTRY_HEAD = 12
/** Number of bytes before and after the payload. */
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

/** The header that every payload begins with: session, cxid, zxid, time and type. */
export const TXN_HEADER_SIZE = 32
/** The zxid follows long session and int cxid. */
const ZXID_OFFSET = 12

/** The zxid in a transaction's header. */
export function zxidOfPayload(payload: Buffer): Zxid {
  return new Reader(payload, ZXID_OFFSET).zxid()
}
