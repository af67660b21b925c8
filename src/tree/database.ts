/**
 * The tree and the sessions: what transactions change and snapshots hold (ZKDatabase).
 */
import { ErrorCode, errorName } from '../protocol/errors.ts'
import type { SessionId } from '../protocol/ids.ts'
import { OpCode } from '../protocol/opcodes.ts'
import { Reader } from '../protocol/reader.ts'
import type { Stat } from '../protocol/records/data.ts'
import type { TxnHeader } from '../protocol/records/txn.ts'
import { readTxnBody, type Transaction, type TxnBody } from '../protocol/transaction.ts'
import { formatZxid, type Zxid } from '../protocol/zxid.ts'
import { DataTree } from './dataTree.ts'
import { CONTAINER_OWNER, isTtl, type TtlRule, ttlOwner } from './znode.ts'

export interface OpResult {
  readonly type: number
  readonly err: number
  readonly path: string | null
  readonly stat: Stat | null
}

/** What a reply needs to know of an applied transaction. */
export interface TxnResult extends OpResult {
  readonly zxid: Zxid
  /** One result for each part of a multi, including those that failed. */
  readonly multi: readonly OpResult[] | null
  /** What a reconfig wrote, which its reply carries. */
  readonly config?: Buffer | null
}

/** A committed transaction does not fit this tree: the replica has diverged from its ensemble. */
class DivergenceError extends Error {
  override name = 'DivergenceError'
}

export class Database {
  readonly tree: DataTree
  /** Timeouts in ms. */
  readonly sessions = new Map<SessionId, number>()

  private constructor(tree: DataTree) {
    this.tree = tree
  }

  static initial(ttlRule?: TtlRule): Database {
    return new Database(DataTree.initial(ttlRule))
  }

  static blank(ttlRule?: TtlRule): Database {
    return new Database(DataTree.blank(ttlRule))
  }

  get lastProcessedZxid(): Zxid {
    return this.tree.lastProcessedZxid
  }

  /**
   * Applies a committed transaction to exactly the state it was prepared for.
   * @throws DivergenceError when it does not fit
   */
  apply(transaction: Transaction): TxnResult {
    const result = this.replay(transaction)
    const { header, body } = transaction
    const mayFail = body.type === OpCode.error || body.type === OpCode.multi
    if (result.err !== ErrorCode.Ok && !mayFail) {
      throw new DivergenceError(
        `${formatZxid(header.zxid)} (type ${body.type}) ends in ${errorName(result.err)}`,
      )
    }
    return result
  }

  /**
   * Applies a transaction that the tree may already show in part, because a fuzzy snapshot was taken while it
   * was applied: a node that exists already, or is gone already, is no error.
   */
  replay(transaction: Transaction): TxnResult {
    const { header, body } = transaction
    const result = body.type === OpCode.multi ? this.applyMulti(header, body) : this.applyOne(header, body)
    if (header.zxid > this.tree.lastProcessedZxid) this.tree.lastProcessedZxid = header.zxid
    return result
  }

  private applyMulti(header: TxnHeader, body: Extract<TxnBody, { type: typeof OpCode.multi }>): TxnResult {
    const { txns } = body.record
    const failedAt = txns.findIndex((txn) => txn.type === OpCode.error)
    const multi = txns.map((txn, index): OpResult => {
      // A failed multi changes nothing: the parts before the failing one are answered 0, those after it -2.
      if (failedAt !== -1 && txn.type !== OpCode.error) {
        const err = index < failedAt ? ErrorCode.Ok : ErrorCode.RuntimeInconsistency
        return { type: OpCode.error, err, path: null, stat: null }
      }
      return this.applyOne(header, readTxnBody(txn.type, new Reader(txn.data ?? Buffer.alloc(0))))
    })
    const err = multi.find((result) => result.err !== ErrorCode.Ok)?.err ?? ErrorCode.Ok
    return { zxid: header.zxid, type: body.type, err, path: null, stat: null, multi }
  }

  private applyOne(header: TxnHeader, body: TxnBody): TxnResult {
    const { zxid, time } = header
    const { tree } = this
    const result = (err: number, path: string | null): TxnResult => {
      const node = err === ErrorCode.Ok && path !== null ? tree.node(path) : undefined
      return {
        zxid,
        type: body.type,
        err,
        path,
        stat: node === undefined ? null : tree.statOf(node),
        multi: null,
      }
    }
    switch (body.type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTtl: {
        const { path, data, acl, parentCVersion } = body.record
        const node = { path, data, acl, parentCVersion, ephemeralOwner: ownerOf(header, body) }
        return result(tree.create(node, zxid, time), path)
      }
      case OpCode.delete:
      case OpCode.deleteContainer:
        return result(tree.delete(body.record.path, zxid), body.record.path)
      case OpCode.setData: {
        const { path, data, version } = body.record
        return result(tree.setData(path, data, version, zxid, time), path)
      }
      case OpCode.reconfig: {
        const { path, data, version } = body.record
        return { ...result(tree.setData(path, data, version, zxid, time), path), config: data }
      }
      case OpCode.setAcl: {
        const { path, acl, version } = body.record
        return result(tree.setAcl(path, acl, version), path)
      }
      case OpCode.check:
        return result(ErrorCode.Ok, body.record.path)
      case OpCode.error:
        return result(body.record.err, null)
      case OpCode.createSession:
        this.sessions.set(header.clientId, body.record.timeOut)
        return result(ErrorCode.Ok, null)
      case OpCode.closeSession:
        this.closeSession(header, body.record.paths2Delete ?? [])
        return result(ErrorCode.Ok, null)
      case OpCode.multi:
        // No multi within a multi: Apache cannot even read one.
        return result(ErrorCode.MarshallingError, null)
    }
  }

  private closeSession(header: TxnHeader, paths: readonly string[]): void {
    this.sessions.delete(header.clientId)
    for (const path of paths) this.tree.delete(path, header.zxid)
    // Logs of servers before 3.6 do not name them.
    for (const path of [...this.tree.ephemeralsOf(header.clientId)]) this.tree.delete(path, header.zxid)
  }
}

function ownerOf(header: TxnHeader, body: Extract<TxnBody, { type: 1 | 15 | 19 | 21 }>): bigint {
  switch (body.type) {
    case OpCode.createContainer:
      return CONTAINER_OWNER
    case OpCode.createTtl:
      // Apache proposes an impossible TTL when the flags do not call for one, and ends itself when it applies
      // it.
      return isTtl(body.record.ttl) ? ttlOwner(body.record.ttl) : 0n
    default:
      return body.record.ephemeral ? header.clientId : 0n
  }
}
