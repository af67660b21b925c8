/**
 * Which members the ensemble has now, and in which role. The members' own files are authoritative, because a
 * reconfiguration rewrites them; the config that `up` has read may be stale.
 */

import { presentServers } from '../config/load/currentConfig.ts'
import type { ServerSpec } from '../config/serverConfig.ts'
import { clientEndpoint, endpointText } from '../config/servers/clientEndpoint.ts'
import { electorateOf } from '../core/quorum/electorate.ts'
import type { Sid } from '../protocol/ids.ts'
import type { Member } from './member.ts'

export class Roster {
  members: readonly Member[] = []

  /** The newest server list in any member's files; empty for a standalone server. */
  private get servers(): readonly ServerSpec[] {
    return presentServers(this.members.map(({ given }) => given))
  }

  /**
   * Whether the ensemble includes it: a reconfiguration may have removed it, or may not have added it yet.
   */
  isListed(member: Member): boolean {
    const { servers } = this
    return servers.length === 0 || servers.some(({ sid }) => sid === member.id)
  }

  isVoter(member: Member): boolean {
    const { servers } = this
    if (servers.length === 0) return member.config.peerType === 'participant'
    return servers.some(({ sid, role }) => sid === member.id && role === 'participant')
  }

  get listed(): Member[] {
    return this.members.filter((member) => this.isListed(member))
  }

  get voters(): Member[] {
    return this.members.filter((member) => this.isVoter(member))
  }

  /** The ids of all voters, including those in the server list that do not run here. */
  get voterIds(): number[] {
    const { servers } = this
    if (servers.length === 0) return this.voters.map(({ id }) => id)
    return servers.filter(({ role }) => role === 'participant').map(({ sid }) => sid)
  }

  /** Whether groups with weights decide instead of a majority. */
  get hasGroups(): boolean {
    return this.servers.some(({ role, group }) => role === 'participant' && group !== null)
  }

  /** Whether these members could decide anything together. */
  isQuorum(members: readonly Member[]): boolean {
    const { servers } = this
    if (servers.length === 0) return members.length > 0
    return electorateOf(servers).containsQuorum(members.map((member) => member.id as Sid))
  }

  /**
   * The member that serves as leader (or standalone) and is not frozen; of several, the one with the highest
   * epoch.
   */
  get leader(): Member | null {
    const leaders = this.members.filter(
      (m) => m.isActive && m.isServing && (m.role === 'leader' || m.role === 'standalone'),
    )
    return leaders.sort((a, b) => (b.epoch ?? 0) - (a.epoch ?? 0))[0] ?? null
  }

  get connectString(): string {
    return this.listed.map(({ config }) => endpointText(clientEndpoint(config))).join(',')
  }
}
