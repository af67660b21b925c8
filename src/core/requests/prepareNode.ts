/**
 * Single operations on nodes, checked in Apache's order against the pending state, and recorded there
 * (PrepRequestProcessor.pRequest2Txn). Each returns the transaction's record or throws its KeeperError.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import type { SessionId } from '../../protocol/ids.ts'
import { CreateFlag, OpCode, Permission } from '../../protocol/opcodes.ts'
import type {
  CheckVersionRequest,
  CreateRequest,
  DeleteRequest,
  SetAclRequest,
  SetDataRequest,
} from '../../protocol/records/client.ts'
import type { Acl, Id } from '../../protocol/records/data.ts'
import type { TxnBody } from '../../protocol/transaction.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import { fixupAcl, permits } from '../../tree/acl.ts'
import { isProtected, parentOf, pathProblem } from '../../tree/paths.ts'
import { freshStat, kindOf } from '../../tree/znode.ts'
import type { NodeState, PendingChanges } from './pending.ts'

/** One operation: who asks, and what the transaction will be called. */
export interface Operation {
  readonly pending: PendingChanges
  readonly zxid: Zxid
  readonly timeMs: number
  readonly sessionId: SessionId
  readonly ids: readonly Id[]
  readonly skipAcl: boolean
  /** @throws KeeperError SessionExpired, SessionMoved */
  readonly checkSession: () => void
}

function requirePermission(
  operation: Operation,
  acl: readonly Acl[],
  permission: number,
  path: string,
): void {
  if (!operation.skipAcl && !permits(acl, permission, operation.ids))
    throw new KeeperError(ErrorCode.NoAuth, path)
}

function requireValidPath(path: string): void {
  if (pathProblem(path) !== null) throw new KeeperError(ErrorCode.BadArguments, path)
}

function parentToCreateIn(path: string): string {
  const parent = parentOf(path)
  if (parent === null || path.includes('\0')) throw new KeeperError(ErrorCode.BadArguments, path)
  return parent
}

/** The version after this one. -1 is left out, for it asks for "any version" (ZOOKEEPER-4743). */
function nextVersion(current: number, expected: number, path: string): number {
  if (expected !== -1 && expected !== current) throw new KeeperError(ErrorCode.BadVersion, path)
  const next = (current + 1) | 0
  return next === -1 ? 0 : next
}

/** String.format("%010d"): the sign counts as one of the ten places. */
export function sequenceSuffix(counter: number): string {
  return counter < 0 ? `-${String(-counter).padStart(9, '0')}` : String(counter).padStart(10, '0')
}

function touchParent(
  operation: Operation,
  path: string,
  parent: NodeState,
  childCount: number,
  cversion: number,
): void {
  const stat = { ...copyStat(parent), pzxid: operation.zxid, cversion }
  operation.pending.set(operation.zxid, path, { ...parent, stat, childCount })
}

function copyStat({ stat }: NodeState) {
  const { czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, pzxid } = stat
  return { czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, pzxid }
}

export function create(operation: Operation, type: 1 | 15, request: CreateRequest): TxnBody {
  const { pending, zxid, timeMs, sessionId, ids } = operation
  const { flags } = request
  if (flags < 0 || flags > CreateFlag.sequentialTtl)
    throw new KeeperError(ErrorCode.BadArguments, request.path)
  if (flags > CreateFlag.ephemeralSequential) throw new KeeperError(ErrorCode.Unimplemented, request.path)
  const isEphemeral = (flags & CreateFlag.ephemeral) !== 0
  const isSequential = (flags & CreateFlag.sequential) !== 0
  operation.checkSession()
  const parentPath = parentToCreateIn(request.path)
  const acl = fixupAcl(request.path, request.acl, ids)
  const parent = pending.get(parentPath)
  requirePermission(operation, parent.acl, Permission.create, request.path)
  const path = isSequential ? request.path + sequenceSuffix(parent.stat.cversion) : request.path
  requireValidPath(path)
  if (pending.find(path) !== undefined) throw new KeeperError(ErrorCode.NodeExists, path)
  if (kindOf(parent.stat.ephemeralOwner, false) === 'ephemeral') {
    throw new KeeperError(ErrorCode.NoChildrenForEphemerals, path)
  }
  const parentCVersion = (parent.stat.cversion + 1) | 0
  touchParent(operation, parentPath, parent, parent.childCount + 1, parentCVersion)
  const data = request.data
  const stat = freshStat(zxid, timeMs, isEphemeral ? sessionId : 0n)
  pending.set(zxid, path, { stat, childCount: 0, acl, data })
  return { type, record: { path, data, acl, ephemeral: isEphemeral, parentCVersion } }
}

export function remove(operation: Operation, request: DeleteRequest): TxnBody {
  operation.checkSession()
  const { pending, zxid } = operation
  const { path } = request
  const parentPath = parentOf(path)
  if (parentPath === null || path.includes('\0') || isProtected(path))
    throw new KeeperError(ErrorCode.BadArguments, path)
  const parent = pending.get(parentPath)
  requirePermission(operation, parent.acl, Permission.delete, path)
  const node = pending.get(path)
  nextVersion(node.stat.version, request.version, path)
  if (node.childCount > 0) throw new KeeperError(ErrorCode.NotEmpty, path)
  touchParent(operation, parentPath, parent, parent.childCount - 1, parent.stat.cversion)
  pending.delete(zxid, path)
  return { type: OpCode.delete, record: { path } }
}

export function setData(operation: Operation, request: SetDataRequest): TxnBody {
  operation.checkSession()
  const { pending, zxid, timeMs } = operation
  const { path, data } = request
  requireValidPath(path)
  const node = pending.get(path)
  requirePermission(operation, node.acl, Permission.write, path)
  const version = nextVersion(node.stat.version, request.version, path)
  pending.set(zxid, path, { ...node, data, stat: { ...copyStat(node), version, mzxid: zxid, mtime: timeMs } })
  return { type: OpCode.setData, record: { path, data, version } }
}

export function setAcl(operation: Operation, request: SetAclRequest): TxnBody {
  operation.checkSession()
  const { pending, zxid, ids } = operation
  const { path } = request
  requireValidPath(path)
  const acl = fixupAcl(path, request.acl, ids)
  const node = pending.get(path)
  requirePermission(operation, node.acl, Permission.admin, path)
  const version = nextVersion(node.stat.aversion, request.version, path)
  pending.set(zxid, path, { ...node, acl, stat: { ...copyStat(node), aversion: version } })
  return { type: OpCode.setAcl, record: { path, acl, version } }
}

/** Part of a multi only. */
export function check(operation: Operation, request: CheckVersionRequest): TxnBody {
  operation.checkSession()
  const { path } = request
  requireValidPath(path)
  const node = operation.pending.get(path)
  requirePermission(operation, node.acl, Permission.read, path)
  const version = nextVersion(node.stat.version, request.version, path)
  return { type: OpCode.check, record: { path, version } }
}

/** The session's ephemerals, those being created too, go with it. */
export function closeSession(operation: Operation, owned: ReadonlySet<string>): TxnBody {
  const { pending, zxid, sessionId } = operation
  const paths = new Set(owned)
  for (const [path, isGained] of pending.ephemeralChanges(sessionId)) {
    if (isGained) paths.add(path)
    else paths.delete(path)
  }
  for (const path of paths) {
    const parentPath = parentOf(path) ?? ''
    const parent = pending.find(parentPath)
    if (parent !== undefined)
      touchParent(operation, parentPath, parent, parent.childCount - 1, parent.stat.cversion)
    pending.delete(zxid, path)
  }
  return { type: OpCode.closeSession, record: { paths2Delete: [...paths] } }
}
