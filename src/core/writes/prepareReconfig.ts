/**
 * Prepares a reconfig: which configuration the request asks for, and whether it may be proposed. The checks
 * are in Apache's order, because each has its own error (PrepRequestProcessor.pRequest2Txn, case reconfig).
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { OpCode, Permission } from '../../protocol/opcodes.ts'
import type { ReconfigRequest } from '../../protocol/records/client.ts'
import type { TxnBody } from '../../protocol/transaction.ts'
import { permits } from '../../tree/acl.ts'
import {
  type EnsembleConfig,
  type EnsembleServer,
  isHierarchical,
  type ReconfigFault,
} from '../membership/ensembleConfig.ts'
import { CONFIG_PATH, type Membership } from '../membership/membership.ts'
import type { QuorumRule } from '../quorum/rule.ts'
import { type Operation, requireSession } from './prepareNode.ts'

export interface SyncedQuorum {
  /**
   * Whether a quorum of this electorate, the leader included, is connected and synced
   * (Leader.isQuorumSynced).
   */
  isSynced(electorate: QuorumRule): boolean
}

export interface ReconfigParts {
  readonly membership: Membership
  readonly isStandalone: boolean
  /** The learners that are connected to this leader and synced. */
  readonly learners: SyncedQuorum
}

/** @throws KeeperError */
export function reconfig(operation: Operation, parts: ReconfigParts, request: ReconfigRequest): TxnBody {
  const { membership } = parts
  if (!membership.isReconfigEnabled) throw new KeeperError(ErrorCode.ReconfigDisabled)
  requireSession(operation)
  if (parts.isStandalone) throw new KeeperError(ErrorCode.Unimplemented)
  if (membership.isPending) throw new KeeperError(ErrorCode.ReconfigInProgress)
  const { curConfigId } = request
  if (curConfigId !== -1n && curConfigId !== BigInt(membership.committed.version))
    throw new KeeperError(ErrorCode.BadVersion)
  const config = requestedConfig(operation, membership, request)
  const voters = config.servers.filter(({ role }) => role === 'participant').length
  if (voters < (membership.standaloneEnabled ? 2 : 1)) throw new KeeperError(ErrorCode.BadArguments)
  if (!parts.learners.isSynced(membership.electorateFor(config)))
    throw new KeeperError(ErrorCode.NewConfigNoQuorum)
  return record(operation, config)
}

function record(operation: Operation, config: EnsembleConfig): TxnBody {
  const { pending, zxid, timeMs } = operation
  const node = pending.get(CONFIG_PATH)
  if (
    !operation.skipAcl &&
    !permits(node.acl, Permission.write, operation.request.authInfo, operation.schemes)
  )
    throw new KeeperError(ErrorCode.NoAuth)
  const data = Buffer.from(config.text)
  const { czxid, ctime, cversion, aversion, ephemeralOwner, pzxid } = node.stat
  const stat = {
    czxid,
    ctime,
    cversion,
    aversion,
    ephemeralOwner,
    pzxid,
    mzxid: zxid,
    mtime: timeMs,
    version: -1,
  }
  pending.set(zxid, CONFIG_PATH, { ...node, stat, data, contentCrc: null })
  return { type: OpCode.reconfig, record: { path: CONFIG_PATH, data, version: -1 } }
}

function requestedConfig(
  { zxid }: Operation,
  membership: Membership,
  { newMembers, joiningServers, leavingServers }: ReconfigRequest,
): EnsembleConfig {
  const { codec, committed } = membership
  if (newMembers !== null)
    return accepted(codec.readNewMembers(newMembers, zxid, membership.standaloneEnabled))
  if (isHierarchical(committed)) throw new KeeperError(ErrorCode.BadArguments)
  const servers = new Map(committed.servers.map((server) => [server.sid, server]))
  for (const leaving of partsOf(leavingServers)) {
    if (!/^[+-]?\d+$/.test(leaving)) throw new KeeperError(ErrorCode.MarshallingError)
    servers.delete(Number(leaving))
  }
  for (const joining of partsOf(joiningServers))
    join(servers, accepted(codec.readJoiner(joining)), membership)
  return codec.write(
    [...servers.values()].sort((a, b) => a.sid - b.sid),
    zxid,
  )
}

/** A server that is listed already is replaced: that is how its role or its addresses change. */
function join(servers: Map<number, EnsembleServer>, joiner: EnsembleServer, { codec }: Membership): void {
  for (const other of servers.values()) {
    if (other.sid !== joiner.sid && codec.sharedAddress(joiner, other) !== null)
      throw new KeeperError(ErrorCode.BadArguments)
  }
  servers.set(joiner.sid, joiner)
}

function accepted<T extends object>(read: T | ReconfigFault): T {
  if (read === 'bad') throw new KeeperError(ErrorCode.BadArguments)
  if (read === 'unreadable') throw new KeeperError(ErrorCode.MarshallingError)
  return read
}

/** StringUtils.split. */
function partsOf(list: string | null): string[] {
  return (list ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
