/**
 * A transaction as bytes: TxnHeader, the record that its type calls for, and, when the leader computes
 * digests, TxnDigest. The log, PROPOSAL and INFORM carry exactly these bytes, so they are made once
 * (SerializeUtils).
 */
import { bool, buffer, encode, record, string, type Type, vector } from './jute.ts'
import { OpCode } from './opcodes.ts'
import { DecodeError, Reader } from './reader.ts'
import { Acl } from './records/data.ts'
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

/**
 * A transaction of a type that this version does not know. A member must not continue without applying it.
 */
export class UnknownTransactionError extends DecodeError {
  override name = 'UnknownTransactionError'
  readonly type: number

  constructor(type: number) {
    super(`unknown transaction type ${type}`)
    this.type = type
  }
}

const CreateTxnV0 = record({ path: string, data: buffer, acl: vector(Acl), ephemeral: bool })

/** Before 3.4 there was no parentCVersion; -1 lets it count up (SerializeUtils.deserializeTxn). */
const CreateTxnOfAnyAge: Type<CreateTxn> = {
  read(reader) {
    const start = reader.position
    try {
      return CreateTxn.read(reader)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      reader.position = start
      return { ...CreateTxnV0.read(reader), parentCVersion: -1 }
    }
  },
  write: CreateTxn.write,
}

const CODECS = new Map<number, Type<TxnBody['record']>>([
  [OpCode.create, CreateTxnOfAnyAge],
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

/** Reads the record of a type: also for the parts of a multi, which have no header. */
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
    const reader = new Reader(data ?? Buffer.alloc(0))
    readTxnBody(type, reader)
    // Once Apache's server has applied a failed multi, its parts are errors with the bytes of what they were
    // (DataTree.processTxn sets the type alone): so they are part of a DIFF, and of the logs of learners that
    // were synced by one.
    if (type !== OpCode.error) checkEnd(reader)
  }
}

export function encodeTxnBody(body: TxnBody): Buffer {
  return encode(codecOf(body.type), body.record)
}

function writeTransaction(writer: Writer, transaction: Transaction): void {
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
 * @throws UnknownTransactionError for a type of a later version, DecodeError for bytes that are damaged or
 * more than the record has.
 */
export function decodeTransaction(bytes: Buffer): Transaction {
  const reader = new Reader(bytes)
  const header = TxnHeader.read(reader)
  const body = closesWithDigestAlone(header.type, reader)
    ? { type: OpCode.closeSession, record: { paths2Delete: undefined } }
    : readTxnBody(header.type, reader)
  const digest = reader.remaining === DIGEST_SIZE ? TxnDigest.read(reader) : undefined
  checkEnd(reader)
  return { header, body, digest }
}

const DIGEST_SIZE = 12
const DIGEST_VERSION = 2

/**
 * A closeSession without its record (closeSessionTxn.enabled=false) but with a digest. Read as a record, the
 * digest's version would announce two ephemerals in the eight bytes after it, which have no room for a path.
 */
function closesWithDigestAlone(type: number, reader: Reader): boolean {
  if (type !== OpCode.closeSession || reader.remaining !== DIGEST_SIZE) return false
  return reader.bytes.readInt32BE(reader.position) === DIGEST_VERSION
}

/** Refuses bytes after the known fields: a field of a later version would be lost, and its effect with it. */
function checkEnd(reader: Reader): void {
  if (reader.remaining > 0)
    throw new DecodeError(
      `${reader.remaining} bytes behind the record, from offset ${reader.position} of it on`,
    )
}
