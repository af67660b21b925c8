/**
 * A local session becomes global before it creates an ephemeral node
 * (UpgradeableSessionTracker.upgradeSession).
 *
 * Invariant: the createSession of an upgrade goes to the leader before the request that needed it, over the
 * same connection.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { type Request, sessionCreation } from '../request.ts'
import { createsEphemeral } from './ephemeralCreate.ts'
import type { LocalSessions } from './localSessions.ts'

/**
 * @param allowed localSessionsUpgradingEnabled. Without it the request carries its refusal to the leader,
 *   which cannot know that the session was local and would take it for expired (FinalRequestProcessor).
 * @returns what goes to the leader in place of the request, in order
 */
export function upgraded(request: Request, local: LocalSessions, allowed: boolean): readonly Request[] {
  const { sessionId, type, body } = request
  if (!local.has(sessionId) || !createsEphemeral(type, body)) return [request]
  if (!allowed) return [{ ...request, refusal: ErrorCode.EphemeralOnLocalSession }]
  const timeoutMs = local.upgrade(sessionId)
  return timeoutMs === null ? [request] : [sessionCreation(sessionId, timeoutMs), request]
}
