/** A member's settings in the simulation: small limits, so that every kind of sync happens. */
import type { EnsembleConfig, EnsembleServer } from '../../src/core/membership/ensembleConfig.ts'
import type { MembershipSettings } from '../../src/core/membership/membership.ts'
import type { PeerSettings } from '../../src/core/settings.ts'
import { configCodec } from '../../src/peer/membership.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import { ZERO_ZXID } from '../../src/protocol/zxid.ts'

export const TICK_MS = 200

/** As in zoo.cfg; ports tell the servers apart, and are never opened. */
export function serverLine(sid: number, role: 'participant' | 'observer'): string {
  return `server.${sid}=10.0.0.${sid + 1}:2888:3888:${role};2181`
}

export function simulatedServers(voters: number, observers: number): EnsembleServer[] {
  return Array.from({ length: voters + observers }, (_, sid) => {
    const server = configCodec.readJoiner(serverLine(sid, sid < voters ? 'participant' : 'observer'))
    if (typeof server === 'string') throw new Error(`server ${sid} of the simulation is ${server}`)
    return server
  })
}

export function simulatedConfig(servers: readonly EnsembleServer[]): EnsembleConfig {
  return configCodec.write(servers, ZERO_ZXID)
}

export function simulatedSettings(
  sid: number,
  membership: Pick<MembershipSettings, 'config' | 'isReconfigEnabled' | 'electorateOf'>,
): PeerSettings {
  const own = sid as Sid
  return {
    isStandalone: false,
    commitLogCount: 40,
    membership: { ...membership, standaloneEnabled: true, codec: configCodec },
    zab: { sid: own, tickTimeMs: TICK_MS, initLimit: 10, syncLimit: 5 },
    election: { minNotificationIntervalMs: 200, maxNotificationIntervalMs: 2000, finalizeWaitMs: 200 },
    requests: {
      sid: own,
      minSessionTimeoutMs: 2 * TICK_MS,
      maxSessionTimeoutMs: 20 * TICK_MS,
      // Clients here may reconfigure without an administrator's password.
      skipAcl: true,
      digestEnabled: true,
      superDigest: null,
    },
  }
}
