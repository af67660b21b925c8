/** The settings of a simulated member: quick ticks and a short history, so that every kind of sync happens. */
import type { QuorumMember, QuorumVerifier } from '../../src/core/quorum.ts'
import type { PeerSettings } from '../../src/core/settings.ts'
import type { Sid } from '../../src/protocol/ids.ts'

export const TICK_MS = 200

export function simulatedSettings(
  sid: number,
  servers: readonly QuorumMember[],
  verifier: QuorumVerifier,
): PeerSettings {
  const own = sid as Sid
  const isObserver = servers.find((server) => server.sid === sid)?.role === 'observer'
  const learnerType = isObserver ? 'observer' : 'participant'
  const text = servers.map((server) => `server.${server.sid}=sim:1:2:${server.role}`).join('\n')
  return {
    isStandalone: false,
    isObserver,
    commitLogCount: 40,
    zab: {
      sid: own,
      verifier,
      tickTimeMs: TICK_MS,
      initLimit: 10,
      syncLimit: 5,
      membershipText: `${text}\nversion=0`,
    },
    election: {
      sid: own,
      verifier,
      learnerType,
      minNotificationIntervalMs: 200,
      maxNotificationIntervalMs: 2000,
      finalizeWaitMs: 200,
      configText: () => text,
    },
    requests: {
      sid: own,
      minSessionTimeoutMs: 2 * TICK_MS,
      maxSessionTimeoutMs: 20 * TICK_MS,
      skipAcl: false,
      digestEnabled: true,
      superDigest: null,
    },
  }
}
