/** From a member's zoo.cfg to what the core wants to know. */
import { membershipText } from '../config/write.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import { QuorumVerifier } from '../core/quorum.ts'
import type { PeerSettings } from '../core/settings.ts'
import type { Sid } from '../protocol/ids.ts'

/** One server line, or none, runs alone unless standaloneEnabled=false (QuorumPeerConfig.isDistributed). */
export function isStandalone(config: ServerConfig): boolean {
  return config.servers.length === 0
}
