/** What a member of an ensemble goes by in tests of one role. */

import type { EnsembleConfig } from '../../../src/core/membership/ensembleConfig.ts'
import type { PeerSettings } from '../../../src/core/settings.ts'
import { configCodec } from '../../../src/peer/membership.ts'
import type { Sid } from '../../../src/protocol/ids.ts'

export function memberSettings(sid: Sid, config: EnsembleConfig, isReconfigEnabled: boolean): PeerSettings {
  return {
    isStandalone: false,
    commitLogCount: 500,
    membership: { isReconfigEnabled, standaloneEnabled: !isReconfigEnabled, config, codec: configCodec },
    zab: { sid, tickTimeMs: 2000, initLimit: 10, syncLimit: 5 },
    election: { minNotificationIntervalMs: 200, maxNotificationIntervalMs: 60_000, finalizeWaitMs: 200 },
    requests: {
      sid,
      minSessionTimeoutMs: 4000,
      maxSessionTimeoutMs: 4e9,
      skipAcl: true,
      digestEnabled: false,
      superDigest: null,
    },
  }
}
