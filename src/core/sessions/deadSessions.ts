/**
 * Ephemeral nodes whose session is unknown: former TTL nodes, once `extendedTypesEnabled` is off. A new
 * leader removes them, as Apache does (ZooKeeperServer.loadData), but by a transaction, so that no member
 * keeps them.
 */
import { OpCode } from '../../protocol/opcodes.ts'
import type { Database } from '../../tree/database.ts'
import type { Request } from '../request.ts'

/** Requests that close these sessions. */
export function endDeadSessions({ tree, sessions }: Database): Request[] {
  const owners = [...tree.ephemeralOwners()].map(([owner]) => owner).filter((owner) => !sessions.has(owner))
  return owners.map((sessionId) => ({
    sessionId,
    cxid: 0,
    type: OpCode.closeSession,
    body: null,
    authInfo: [],
    owner: 'local',
  }))
}
