/**
 * Prepares a write: decides its outcome once, at the leader, and puts it into the transaction that every member
 * will apply (PrepRequestProcessor). A request that fails becomes an error transaction: it takes a zxid, too.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { int } from '../../protocol/jute.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { DecodeError, Reader } from '../../protocol/reader.ts'
import {
  CreateRequest,
  DeleteRequest,
  ReconfigRequest,
  SetAclRequest,
  SetDataRequest,
} from '../../protocol/records/client.ts'
import { encodeTxnBody, type Transaction, type TxnBody } from '../../protocol/transaction.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import type { Database } from '../../tree/database.ts'
import { DIGEST_VERSION } from '../../tree/digest.ts'
import type { Now } from '../effects.ts'
import type { LeaderSessions } from '../sessions/leaderSessions.ts'
import { type MultiPart, readMulti } from './multi.ts'
import type { RequestOptions } from './options.ts'
import { PendingChanges } from './pending.ts'
import type { Operation } from './prepareNode.ts'
import * as prepareNode from './prepareNode.ts'
import type { Request } from './request.ts'

export class Preparation {
  private readonly database: Database
  private readonly sessions: LeaderSessions
  private readonly options: RequestOptions
  private readonly pending: PendingChanges

  /** For one leadership: begins with nothing pending. */
  constructor(database: Database, sessions: LeaderSessions, options: RequestOptions) {
    this.database = database
    this.sessions = sessions
    this.options = options
    this.pending = new PendingChanges(database.tree, options.digestEnabled)
  }

  /** Never throws for what a client sends: its mistakes are error transactions. */
  prepare(request: Request, zxid: Zxid, now: Now): Transaction {
    const { sessionId, cxid, type } = request
    const timeMs = now.wallMs
    const body = this.bodyOf(request, this.operation(request, zxid, timeMs), now)
    const isError = body.type === OpCode.error
    const header = { clientId: sessionId, cxid, zxid, time: timeMs, type: isError ? OpCode.error : type }
    const hasDigest = this.options.digestEnabled && !isError
    const digest = hasDigest ? { version: DIGEST_VERSION, treeDigest: this.pending.digest } : undefined
    return { header, body, digest }
  }

  private operation(request: Request, zxid: Zxid, timeMs: number): Operation {
    const { sessionId, authInfo: ids, owner } = request
    const checkSession = () => {
      const err = this.sessions.check(sessionId, owner)
      if (err !== ErrorCode.Ok) throw new KeeperError(err)
    }
    return {
      pending: this.pending,
      zxid,
      timeMs,
      sessionId,
      ids,
      skipAcl: this.options.skipAcl,
      checkSession,
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
        return prepareNode.create(operation, request.type, CreateRequest.read(reader))
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
        this.sessions.add(request.sessionId, timeOut, request.owner, now)
        return { type: OpCode.createSession, record: { timeOut } }
      }
      case OpCode.closeSession: {
        const owned = this.database.tree.ephemeralsOf(request.sessionId)
        this.sessions.markClosing(request.sessionId)
        return prepareNode.closeSession(operation, owned)
      }
      case OpCode.reconfig:
        ReconfigRequest.read(reader)
        throw new KeeperError(ErrorCode.ReconfigDisabled)
      default:
        // Also a top-level check, which Apache would propose, and no member could ever read again.
        throw new KeeperError(ErrorCode.Unimplemented)
    }
  }

  private multi(operation: Operation, parts: readonly MultiPart[]): TxnBody {
    const mark = this.pending.mark
    let hasFailed = false
    const txns = parts.map((part) => {
      if (hasFailed) return encodePart(errorBody(ErrorCode.RuntimeInconsistency))
      try {
        return encodePart(preparePart(operation, part))
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

function errorBody(err: number): TxnBody {
  return { type: OpCode.error, record: { err } }
}

function encodePart(body: TxnBody): { type: number; data: Buffer } {
  return { type: body.type, data: encodeTxnBody(body) }
}

function preparePart(operation: Operation, part: MultiPart): TxnBody {
  switch (part.type) {
    case OpCode.create:
      return prepareNode.create(operation, part.type, part.request)
    case OpCode.delete:
      return prepareNode.remove(operation, part.request)
    case OpCode.setData:
      return prepareNode.setData(operation, part.request)
    case OpCode.check:
      return prepareNode.check(operation, part.request)
  }
}
