/**
 * Single operations on nodes, checked in Apache's order against the pending state, and recorded there
 * (PrepRequestProcessor.pRequest2Txn). Each returns the transaction's record or throws its KeeperError.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { OpCode, Permission } from '../../protocol/opcodes.ts'
import { pathProblem } from '../../protocol/paths.ts'
import type {
  CheckVersionRequest,
  CreateRequest,
  DeleteRequest,
  SetAclRequest,
  SetDataRequest,
} from '../../protocol/records/client.ts'
import type { Acl } from '../../protocol/records/data.ts'
import type { TxnBody } from '../../protocol/transaction.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import { type AclSchemes, fixupAcl, permits } from '../../tree/acl.ts'
import type { DataTree } from '../../tree/dataTree.ts'
import { isProtected, parentOf } from '../../tree/paths.ts'
import { CONTAINER_OWNER, freshStat, isTtl, ttlOwner } from '../../tree/znode.ts'
import type { Request } from '../request.ts'
import type { LeaderSessions } from '../sessions/leaderSessions.ts'
import type { NodeState, PendingChanges } from './pendingChanges.ts'
import type { Quotas } from './quota.ts'

/** One operation: the request, the zxid and time of its transaction, and what it is checked against. */
export interface Operation {
  /** The tree as it is applied: quotas are checked against it, and it knows what owners mean. */
  readonly tree: DataTree
  readonly pending: PendingChanges
  readonly zxid: Zxid
  readonly timeMs: number
  readonly monotonicMs: number
  readonly request: Request
  readonly sessions: LeaderSessions
  /** Null where quotas are not enforced. */
  readonly quotas: Quotas | null
  readonly skipAcl: boolean
  readonly schemes: AclSchemes
  /** See limits.ts. */
  readonly mostBytes: number
}

/**
 * @param mustBeGlobal a local session owns no ephemeral nodes
 * @throws KeeperError SessionExpired, SessionMoved, EphemeralOnLocalSession
 */
export function requireSession({ request, sessions }: Operation, mustBeGlobal = false): void {
  const { sessionId, owner, refusal } = request
  if (mustBeGlobal && refusal !== undefined) throw new KeeperError(refusal)
  const err = mustBeGlobal ? sessions.checkGlobal(sessionId, owner) : sessions.check(sessionId, owner)
  if (err !== ErrorCode.Ok) throw new KeeperError(err)
}

function requirePermission(
  operation: Operation,
  acl: readonly Acl[],
  permission: number,
  path: string,
): void {
  if (!operation.skipAcl && !permits(acl, permission, operation.request.authInfo, operation.schemes))
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

function parentToDeleteFrom(path: string): string {
  const parent = parentOf(path)
  if (parent === null || path.includes('\0') || isProtected(path))
    throw new KeeperError(ErrorCode.BadArguments, path)
  return parent
}

/** The version after this one. -1 is skipped, because it asks for "any version" (ZOOKEEPER-4743). */
function nextVersion(current: number, expected: number, path: string): number {
  if (expected !== -1 && expected !== current) throw new KeeperError(ErrorCode.BadVersion, path)
  const next = (current + 1) | 0
  return next === -1 ? 0 : next
}

/** String.format("%010d"): the sign counts as one of the ten places. */
export function sequenceSuffix(counter: number): string {
  return counter < 0 ? `-${String(-counter).padStart(9, '0')}` : String(counter).padStart(10, '0')
}

/** Records that the node at `path` has one child fewer. */
function loseChild(operation: Operation, path: string, parent: NodeState): void {
  const stat = { ...copyStat(parent), pzxid: operation.zxid }
  operation.pending.set(operation.zxid, path, { ...parent, stat, childCount: parent.childCount - 1 })
}

/**
 * Records that the node at `path` has one child more. After 2^31 - 1 the stored cversion stays, and the pzxid
 * with it (DataTree.createNode).
 */
function gainChild(operation: Operation, path: string, parent: NodeState, cversion: number): void {
  const grown = cversion > parent.stat.cversion ? { cversion, pzxid: operation.zxid } : {}
  const stat = { ...copyStat(parent), ...grown }
  operation.pending.set(operation.zxid, path, { ...parent, stat, childCount: parent.childCount + 1 })
}

function copyStat({ stat }: NodeState) {
  const { czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, pzxid } = stat
  return { czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, pzxid }
}

interface CreateMode {
  readonly ephemeral?: boolean
  readonly sequential?: boolean
  readonly ttl?: boolean
}

/** By flag (CreateMode.fromFlag). */
const MODES: readonly CreateMode[] = [
  {},
  { ephemeral: true },
  { sequential: true },
  { ephemeral: true, sequential: true },
  {},
  { ttl: true },
  { ttl: true, sequential: true },
]

export type CreateType =
  | typeof OpCode.create
  | typeof OpCode.create2
  | typeof OpCode.createContainer
  | typeof OpCode.createTtl

/**
 * The flags decide what is checked and whether the name gets a number. The type decides what the node
 * becomes: create makes no container of flag 4, and createContainer makes one of any flag (verified against
 * Apache 3.8.0).
 */
export function create(operation: Operation, type: CreateType, request: CreateRequest, ttl = -1): TxnBody {
  const { pending, zxid, timeMs } = operation
  const mode = modeOf(operation, type, request, ttl)
  requireSession(operation, mode.ephemeral)
  const parentPath = parentToCreateIn(request.path)
  const acl = fixupAcl(
    request.path,
    request.acl,
    operation.request.authInfo,
    operation.schemes,
    operation.mostBytes,
  )
  const parent = pending.get(parentPath)
  requirePermission(operation, parent.acl, Permission.create, request.path)
  const path = mode.sequential ? request.path + sequenceSuffix(parent.stat.cversion) : request.path
  requireValidPath(path)
  if (pending.find(path) !== undefined) throw new KeeperError(ErrorCode.NodeExists, path)
  if (operation.tree.kindOf(parent.stat) === 'ephemeral') {
    throw new KeeperError(ErrorCode.NoChildrenForEphemerals, path)
  }
  const owner = ownerOf(operation, type, mode, ttl)
  const { data } = request
  operation.quotas?.check(path, 1, data?.length ?? 0, operation.monotonicMs)
  const parentCVersion = (parent.stat.cversion + 1) | 0
  gainChild(operation, parentPath, parent, parentCVersion)
  const stat = freshStat(zxid, timeMs, owner)
  pending.set(zxid, path, { stat, childCount: 0, acl, data, contentCrc: null })
  const record = { path, data, acl, parentCVersion }
  if (type === OpCode.createContainer) return { type, record }
  if (type === OpCode.createTtl) return { type, record: { ...record, ttl } }
  return { type, record: { ...record, ephemeral: mode.ephemeral === true } }
}

/** @throws KeeperError BadArguments, Unimplemented */
function modeOf(
  { tree }: Operation,
  type: CreateType,
  { flags, path }: CreateRequest,
  ttl: number,
): CreateMode {
  const mode = MODES[flags]
  if (mode === undefined) throw new KeeperError(ErrorCode.BadArguments, path)
  if (mode.ttl && tree.ttlRule === 'none') throw new KeeperError(ErrorCode.Unimplemented, path)
  // Apache lets createTTL pass with other flags and a TTL below 0, and ends when it applies that.
  const isFit = mode.ttl ? isTtl(ttl) : ttl < 0 && type !== OpCode.createTtl
  if (!isFit) throw new KeeperError(ErrorCode.BadArguments, path)
  return mode
}

function ownerOf({ request }: Operation, type: CreateType, mode: CreateMode, ttl: number): bigint {
  if (type === OpCode.createContainer) return CONTAINER_OWNER
  if (type === OpCode.createTtl) return ttlOwner(ttl)
  return mode.ephemeral ? request.sessionId : 0n
}

/** A request of the container manager: neither permissions nor a session are required. */
export function removeContainer(operation: Operation, path: string): TxnBody {
  const { pending, zxid, tree } = operation
  const parentPath = parentToDeleteFrom(path)
  const node = pending.get(path)
  if (node.childCount > 0) throw new KeeperError(ErrorCode.NotEmpty, path)
  if (tree.kindOf(node.stat) === 'ephemeral') throw new KeeperError(ErrorCode.BadVersion, path)
  loseChild(operation, parentPath, pending.get(parentPath))
  pending.delete(zxid, path)
  return { type: OpCode.deleteContainer, record: { path } }
}

export function remove(operation: Operation, request: DeleteRequest): TxnBody {
  requireSession(operation)
  const { pending, zxid } = operation
  const { path } = request
  const parentPath = parentToDeleteFrom(path)
  const parent = pending.get(parentPath)
  requirePermission(operation, parent.acl, Permission.delete, path)
  const node = pending.get(path)
  nextVersion(node.stat.version, request.version, path)
  if (node.childCount > 0) throw new KeeperError(ErrorCode.NotEmpty, path)
  loseChild(operation, parentPath, parent)
  pending.delete(zxid, path)
  return { type: OpCode.delete, record: { path } }
}

export function setData(operation: Operation, request: SetDataRequest): TxnBody {
  requireSession(operation)
  const { pending, zxid, timeMs } = operation
  const { path, data } = request
  requireValidPath(path)
  const node = pending.get(path)
  requirePermission(operation, node.acl, Permission.write, path)
  const growth = (data?.length ?? 0) - (node.data?.length ?? 0)
  operation.quotas?.check(path, 0, growth, operation.monotonicMs)
  const version = nextVersion(node.stat.version, request.version, path)
  const stat = { ...copyStat(node), version, mzxid: zxid, mtime: timeMs }
  pending.set(zxid, path, { ...node, data, contentCrc: null, stat })
  return { type: OpCode.setData, record: { path, data, version } }
}

export function setAcl(operation: Operation, request: SetAclRequest): TxnBody {
  requireSession(operation)
  const { pending, zxid } = operation
  const { path } = request
  requireValidPath(path)
  const acl = fixupAcl(path, request.acl, operation.request.authInfo, operation.schemes, operation.mostBytes)
  const node = pending.get(path)
  requirePermission(operation, node.acl, Permission.admin, path)
  const version = nextVersion(node.stat.aversion, request.version, path)
  pending.set(zxid, path, { ...node, acl, stat: { ...copyStat(node), aversion: version } })
  return { type: OpCode.setAcl, record: { path, acl, version } }
}

/** Only as a part of a multi. */
export function check(operation: Operation, request: CheckVersionRequest): TxnBody {
  requireSession(operation)
  const { path } = request
  requireValidPath(path)
  const node = operation.pending.get(path)
  requirePermission(operation, node.acl, Permission.read, path)
  const version = nextVersion(node.stat.version, request.version, path)
  return { type: OpCode.check, record: { path, version } }
}

/**
 * The session's ephemerals, those being created too, go with it.
 * @param isNaming false: each member that applies it looks for them (closeSessionTxn.enabled=false; Apache's
 *   servers with that setting cannot read a record here, SerializeUtils.deserializeTxn)
 */
export function closeSession(operation: Operation, owned: ReadonlySet<string>, isNaming: boolean): TxnBody {
  const { pending, zxid, request } = operation
  const paths = [...pending.ephemeralsOf(request.sessionId, owned)]
  for (const path of paths) {
    const parentPath = parentOf(path) ?? ''
    const parent = pending.find(parentPath)
    if (parent !== undefined) loseChild(operation, parentPath, parent)
    pending.delete(zxid, path)
  }
  const areNamed = isNaming && haveRoom(paths, operation.mostBytes)
  return { type: OpCode.closeSession, record: { paths2Delete: areNamed ? paths : undefined } }
}

/** Header, count of the names, digest. */
const BESIDE_NAMES = 64

/**
 * The end of a session cannot be refused. Where there are too many names, the transaction goes without them.
 */
function haveRoom(paths: readonly string[], mostBytes: number): boolean {
  let bytes = BESIDE_NAMES
  for (const path of paths) {
    bytes += 4 + Buffer.byteLength(path)
    if (bytes > mostBytes) return false
  }
  return true
}
