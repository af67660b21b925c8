/**
 * A transaction as bytes: TxnHeader, the record that its type calls for, and, when the leader computes digests,
 * TxnDigest. The log, PROPOSAL and INFORM carry exactly these bytes, so they are made once (SerializeUtils).
 */
import { encode, type Type } from './jute.ts'
import { OpCode } from './opcodes.ts'
import { DecodeError, Reader } from './reader.ts'
import {
  CheckVersionTxn,
  CloseSessionTxn,
  CreateContainerTxn,
  CreateSessionTxn,
  CreateTtlTxn,
  CreateTxn,
  DeleteTxn,
  ErrorTxn,
  MultiTxn,
  SetAclTxn,
  SetDataTxn,
  TxnDigest,
  TxnHeader,
} from './records/txn.ts'
import { Writer } from './writer.ts'

export type TxnBody =
  | { type: typeof OpCode.create | typeof OpCode.create2; record: CreateTxn }
  | { type: typeof OpCode.createContainer; record: CreateContainerTxn }
  | { type: typeof OpCode.createTtl; record: CreateTtlTxn }
  | { type: typeof OpCode.delete | typeof OpCode.deleteContainer; record: DeleteTxn }
  | { type: typeof OpCode.setData | typeof OpCode.reconfig; record: SetDataTxn }
  | { type: typeof OpCode.setAcl; record: SetAclTxn }
  | { type: typeof OpCode.check; record: CheckVersionTxn }
  | { type: typeof OpCode.multi; record: MultiTxn }
  | { type: typeof OpCode.createSession; record: CreateSessionTxn }
  | { type: typeof OpCode.closeSession; record: CloseSessionTxn }
  | { type: typeof OpCode.error; record: ErrorTxn }

/** `header.type` and `body.type` are the same number. */
export interface Transaction {
  header: TxnHeader
  body: TxnBody
  digest: TxnDigest | undefined
}

/** A transaction type that this version does not know: whoever meets it must not go on without it. */
export class UnknownTransactionError extends DecodeError {
  override name = 'UnknownTransactionError'
  readonly type: number

  constructor(type: number) {
    super(`unknown transaction type ${type}`)
    this.type = type
  }
}

const CODECS = new Map<number, Type<TxnBody['record']>>([
  [OpCode.create, CreateTxn],
  [OpCode.create2, CreateTxn],
  [OpCode.createContainer, CreateContainerTxn],
  [OpCode.createTtl, CreateTtlTxn],
  [OpCode.delete, DeleteTxn],
  [OpCode.deleteContainer, DeleteTxn],
  [OpCode.setData, SetDataTxn],
  [OpCode.reconfig, SetDataTxn],
  [OpCode.setAcl, SetAclTxn],
  [OpCode.check, CheckVersionTxn],
  [OpCode.multi, MultiTxn],
  [OpCode.createSession, CreateSessionTxn],
  [OpCode.closeSession, CloseSessionTxn],
  [OpCode.error, ErrorTxn],
])

function codecOf(type: number): Type<TxnBody['record']> {
  const codec = CODECS.get(type)
  if (codec === undefined) throw new UnknownTransactionError(type)
  return codec
}

/** Reads the record of a type: also for the parts of a multi, whose bytes stand alone. */
export function readTxnBody(type: number, reader: Reader): TxnBody {
  return { type, record: codecOf(type).read(reader) } as TxnBody
}

/**
 * Reads the parts of a multi, so that applying it cannot fail in its middle; every other body was read whole.
 * @throws DecodeError, UnknownTransactionError
 */
export function checkParts(body: TxnBody): void {
  if (body.type !== OpCode.multi) return
  for (const { type, data } of body.record.txns) {
    if (type === OpCode.multi) throw new DecodeError('a multi within a multi')
    readTxnBody(type, new Reader(data ?? Buffer.alloc(0)))
  }
}

export function encodeTxnBody(body: TxnBody): Buffer {
  return encode(codecOf(body.type), body.record)
}

export function writeTransaction(writer: Writer, transaction: Transaction): void {
  TxnHeader.write(writer, transaction.header)
  codecOf(transaction.body.type).write(writer, transaction.body.record)
  if (transaction.digest !== undefined) TxnDigest.write(writer, transaction.digest)
}

export function encodeTransaction(transaction: Transaction): Buffer {
  const writer = new Writer(256)
  writeTransaction(writer, transaction)
  return writer.take()
}

/**
 * Reads a transaction; buffers in it are views of `bytes`.
 * @throws UnknownTransactionError for a type of a later version, DecodeError for damaged bytes.
 */
export function decodeTransaction(bytes: Buffer): Transaction {
  const reader = new Reader(bytes)
  const header = TxnHeader.read(reader)
  const body = readTxnBody(header.type, reader)
  const digest = reader.remaining >= 12 ? TxnDigest.read(reader) : undefined
  return { header, body, digest }
}
