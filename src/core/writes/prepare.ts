/**
 * Prepares a write: decides its outcome once, at the leader, and puts it into the transaction that every
 * member will apply (PrepRequestProcessor). A request that fails becomes an error transaction: it takes a
 * zxid, too.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { NO_SESSION } from '../../protocol/ids.ts'
import { int } from '../../protocol/jute.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { DecodeError, Reader } from '../../protocol/reader.ts'
import {
  CreateRequest,
  CreateTtlRequest,
  DeleteRequest,
  ReconfigRequest,
  SetAclRequest,
  SetDataRequest,
} from '../../protocol/records/client.ts'
import {
  encodeTransaction,
  encodeTxnBody,
  type Transaction,
  type TxnBody,
} from '../../protocol/transaction.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import type { AclSchemes } from '../../tree/acl.ts'
import type { Database } from '../../tree/database.ts'
import { DIGEST_VERSION } from '../../tree/digest.ts'
import { providersOf } from '../auth/providers.ts'
import { authenticationOf } from '../clients/authentication.ts'
import type { RequestOptions } from '../clients/options.ts'
import type { Now, SendEffect } from '../effects.ts'
import type { Request } from '../request.ts'
import type { LeaderSessions } from '../sessions/leaderSessions.ts'
import { mostTransactionBytes } from './limits.ts'
import { type MultiPart, readMulti, WITHOUT_TTL } from './multi.ts'
import { PendingChanges } from './pendingChanges.ts'
import type { Operation } from './prepareNode.ts'
import * as prepareNode from './prepareNode.ts'
import { type ReconfigParts, reconfig } from './prepareReconfig.ts'
import { Quotas } from './quota.ts'

interface Prepared {
  readonly transaction: Transaction
  readonly bytes: Buffer
}

export class Preparation {
  private readonly database: Database
  private readonly sessions: LeaderSessions
  private readonly options: RequestOptions
  private readonly pending: PendingChanges
  private readonly schemes: AclSchemes
  private readonly mostBytes: number
  private readonly reconfig: ReconfigParts
  private readonly quotas: Quotas | null

  /** Lives as long as one leadership, and begins with nothing pending. */
  constructor(
    database: Database,
    sessions: LeaderSessions,
    options: RequestOptions,
    reconfig: ReconfigParts,
    emit: (effect: SendEffect) => void,
  ) {
    this.reconfig = reconfig
    this.quotas = options.enforceQuota ? new Quotas(database.tree, emit) : null
    this.database = database
    this.sessions = sessions
    this.options = options
    this.mostBytes = mostTransactionBytes(options)
    this.schemes = providersOf(authenticationOf(options))
    this.pending = new PendingChanges(database.tree, options.digestEnabled)
  }

  /**
   * Never throws for what a client sends: its mistakes become error transactions, and so does a transaction
   * that is too large.
   */
  prepare(request: Request, zxid: Zxid, now: Now): Prepared {
    const { mark } = this.pending
    const body = this.bodyOf(request, this.operation(request, zxid, now), now)
    const prepared = this.encode(request, zxid, now, body)
    if (prepared.bytes.length <= this.mostBytes) return prepared
    this.pending.rollback(mark)
    return this.encode(request, zxid, now, errorBody(ErrorCode.MarshallingError))
  }

  private encode({ sessionId, cxid, type }: Request, zxid: Zxid, now: Now, body: TxnBody): Prepared {
    const isError = body.type === OpCode.error
    const header = { clientId: sessionId, cxid, zxid, time: now.wallMs, type: isError ? OpCode.error : type }
    const hasDigest = this.options.digestEnabled && !isError && !isUnnamedClose(body)
    const digest = hasDigest ? { version: DIGEST_VERSION, treeDigest: this.pending.digest } : undefined
    const transaction = { header, body, digest }
    return { transaction, bytes: encodeTransaction(transaction) }
  }

  private operation(request: Request, zxid: Zxid, now: Now): Operation {
    const { pending, sessions, quotas, schemes, mostBytes } = this
    const { tree } = this.database
    const { skipAcl } = this.options
    const { wallMs: timeMs, monotonicMs } = now
    return {
      request,
      zxid,
      timeMs,
      monotonicMs,
      tree,
      pending,
      sessions,
      quotas,
      skipAcl,
      schemes,
      mostBytes,
    }
  }

  private bodyOf(request: Request, operation: Operation, now: Now): TxnBody {
    try {
      return this.prepareBody(request, operation, now)
    } catch (error) {
      if (error instanceof KeeperError) return errorBody(error.code)
      if (error instanceof DecodeError) return errorBody(ErrorCode.MarshallingError)
      throw error
    }
  }

  private prepareBody(request: Request, operation: Operation, now: Now): TxnBody {
    const reader = new Reader(request.body ?? Buffer.alloc(0))
    switch (request.type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
        return prepareNode.create(operation, request.type, CreateRequest.read(reader))
      case OpCode.createTtl: {
        const { ttl, ...created } = CreateTtlRequest.read(reader)
        return prepareNode.create(operation, request.type, created, ttl)
      }
      case OpCode.deleteContainer:
        // Only this leader itself sends this request: a client's frame is never taken for a path (verified
        // against Apache 3.8.0).
        if (request.sessionId !== NO_SESSION || request.owner !== 'local')
          throw new KeeperError(ErrorCode.BadArguments)
        return prepareNode.removeContainer(operation, reader.rest().toString())
      case OpCode.delete:
        return prepareNode.remove(operation, DeleteRequest.read(reader))
      case OpCode.setData:
        return prepareNode.setData(operation, SetDataRequest.read(reader))
      case OpCode.setAcl:
        return prepareNode.setAcl(operation, SetAclRequest.read(reader))
      case OpCode.multi:
        return this.multi(operation, readMulti(reader))
      case OpCode.createSession: {
        const timeOut = int.read(reader)
        if (!this.sessions.add(request.sessionId, timeOut, request.owner, now))
          throw new KeeperError(ErrorCode.SessionExpired)
        return { type: OpCode.createSession, record: { timeOut } }
      }
      case OpCode.closeSession: {
        const owned = this.database.tree.ephemeralsOf(request.sessionId)
        this.sessions.markClosing(request.sessionId)
        return prepareNode.closeSession(operation, owned, this.options.closeSessionTxnEnabled ?? true)
      }
      case OpCode.reconfig:
        return reconfig(operation, this.reconfig, ReconfigRequest.read(reader))
      default:
        // This includes a top-level check, which Apache would propose, and which no member could ever read
        // again.
        throw new KeeperError(ErrorCode.Unimplemented)
    }
  }

  private multi(operation: Operation, parts: readonly MultiPart[]): TxnBody {
    const mark = this.pending.mark
    try {
      return this.multiFrom(mark, operation, parts)
    } catch (error) {
      // A part that makes the whole multi fail: the parts before it are undone as well.
      this.pending.rollback(mark)
      throw error
    }
  }

  private multiFrom(mark: number, operation: Operation, parts: readonly MultiPart[]): TxnBody {
    let hasFailed = false
    let bytes = 0
    const txns = parts.map((part) => {
      if (hasFailed) return encodePart(errorBody(ErrorCode.RuntimeInconsistency))
      if (bytes > this.mostBytes) throw new DecodeError('a multi that becomes too large a transaction')
      try {
        const encoded = encodePart(preparePart(operation, part))
        bytes += encoded.data.length
        return encoded
      } catch (error) {
        if (!(error instanceof KeeperError)) throw error
        hasFailed = true
        return encodePart(errorBody(error.code))
      }
    })
    if (hasFailed) this.pending.rollback(mark)
    return { type: OpCode.multi, record: { txns } }
  }

  applied(zxid: Zxid): void {
    this.pending.applied(zxid)
  }
}

/** Apache, which expects names here, would read the digest as names. */
function isUnnamedClose(body: TxnBody): boolean {
  return body.type === OpCode.closeSession && body.record.paths2Delete === undefined
}

function errorBody(err: number): TxnBody {
  return { type: OpCode.error, record: { err } }
}

function encodePart(body: TxnBody): { type: number; data: Buffer } {
  return { type: body.type, data: encodeTxnBody(body) }
}

function preparePart(operation: Operation, part: MultiPart): TxnBody {
  switch (part.type) {
    case OpCode.create:
    case OpCode.createContainer:
      return prepareNode.create(operation, part.type, part.request)
    case OpCode.createTtl: {
      const { ttl, ...created } = part.request
      return prepareNode.create(operation, part.type, created, ttl)
    }
    case WITHOUT_TTL:
      throw new DecodeError(`${part.request.path} is to have a TTL, but has none`)
    case OpCode.delete:
      return prepareNode.remove(operation, part.request)
    case OpCode.setData:
      return prepareNode.setData(operation, part.request)
    case OpCode.check:
      return prepareNode.check(operation, part.request)
  }
}
