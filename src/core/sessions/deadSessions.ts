/**
 * Ephemeral nodes whose session nobody knows: TTL nodes since `extendedTypesEnabled` is off. Who begins to
 * lead removes them, as Apache does (ZooKeeperServer.loadData), but by a transaction, so that no member keeps
 * them.
 */
import { OpCode } from '../../protocol/opcodes.ts'
import type { Database } from '../../tree/database.ts'
import type { Request } from '../request.ts'

/** Requests that end them. */
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
