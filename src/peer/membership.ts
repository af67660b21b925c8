/** From the server list of zoo.cfg to the core's configuration of the ensemble, and back. */

import { isDistributed, type ServerConfig } from '../config/serverConfig.ts'
import {
  readJoiner,
  readNewMembers,
  readVersionedList,
  sharedAddress,
  versionedList,
} from '../config/servers/membership.ts'
import type { ConfigCodec, EnsembleConfig, EnsembleServer } from '../core/membership/ensembleConfig.ts'
import type { MembershipSettings } from '../core/membership/membership.ts'
import type { ElectionPeer } from '../net/electionNetwork.ts'
import type { Sid } from '../protocol/ids.ts'
import type { Zxid } from '../protocol/zxid.ts'

export const configCodec: ConfigCodec = {
  read: (text) => branded(readVersionedList(text)),
  readNewMembers: (text, version, standaloneEnabled) => {
    const list = readNewMembers(text, standaloneEnabled)
    return typeof list === 'string' ? list : branded(versionedList(list, version))
  },
  readJoiner,
  write: (servers, version) => branded(versionedList({ servers, groups: {}, weights: {} }, version)),
  sharedAddress,
}

function branded<T extends { version: number } | null>(list: T): T & { version: Zxid } {
  return list as T & { version: Zxid }
}

/** The configuration that is in force according to the files of this member. */
export function configuredMembership(config: ServerConfig): EnsembleConfig {
  if (!isDistributed(config)) return { version: 0 as Zxid, servers: [], text: '' }
  return branded(versionedList(config, Number.parseInt(config.configVersion, 16)))
}

export function membershipSettings(config: ServerConfig): MembershipSettings {
  const { reconfigEnabled: isReconfigEnabled, standaloneEnabled } = config
  return { isReconfigEnabled, standaloneEnabled, config: configuredMembership(config), codec: configCodec }
}

/** Where a server listens for learners: its quorum port at each of its addresses. */
export function quorumAddresses(server: EnsembleServer): { host: string; port: number }[] {
  return [server, ...server.extraAddresses].map(({ host, quorumPort: port }) => ({ host, port }))
}

/** Where a server listens for votes: its election port at each of its addresses. */
export function electionAddresses(server: EnsembleServer): { host: string; port: number }[] {
  return [server, ...server.extraAddresses].map(({ host, electionPort: port }) => ({ host, port }))
}

export function electionPeers(servers: readonly EnsembleServer[]): ElectionPeer[] {
  return servers.map((server) => ({ sid: server.sid as Sid, addresses: electionAddresses(server) }))
}

/** The members of both configurations; for a server that is in both, the committed one has its addresses. */
export function membersOf(committed: EnsembleConfig, lastSeen: EnsembleConfig): EnsembleServer[] {
  const bySid = new Map([...lastSeen.servers, ...committed.servers].map((server) => [server.sid, server]))
  return [...bySid.values()]
}
