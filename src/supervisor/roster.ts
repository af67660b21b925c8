/**
 * Who is in the ensemble now, and in which part. The members' own files are the truth, for a reconfiguration
 * rewrites them; what `up` has read may be long past.
 */

import { presentServers } from '../config/load/currentConfig.ts'
import type { ServerSpec } from '../config/serverConfig.ts'
import { clientEndpoint, endpointText } from '../config/servers/clientEndpoint.ts'
import { electorateOf } from '../core/quorum/electorate.ts'
import type { Sid } from '../protocol/ids.ts'
import type { Member } from './member.ts'

export class Roster {
  members: readonly Member[] = []

  /** The newest server list that any member's files have; empty for a server alone. */
  private get servers(): readonly ServerSpec[] {
    return presentServers(this.members.map(({ given }) => given))
  }

  /** Whether the ensemble counts on it: a reconfiguration may have removed it, or has yet to add it. */
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

  /** Ids of those that vote, also where the server list has members that are not run here. */
  get voterIds(): number[] {
    const { servers } = this
    if (servers.length === 0) return this.voters.map(({ id }) => id)
    return servers.filter(({ role }) => role === 'participant').map(({ sid }) => sid)
  }

  /** Whether groups with weights decide, rather than a majority. */
  get hasGroups(): boolean {
    return this.servers.some(({ role, group }) => role === 'participant' && group !== null)
  }

  /** Whether these could decide anything together. */
  isQuorum(members: readonly Member[]): boolean {
    const { servers } = this
    if (servers.length === 0) return members.length > 0
    return electorateOf(servers).containsQuorum(members.map((member) => member.id as Sid))
  }

  /** Who serves as leader (or alone) and is not frozen; the one of the greatest epoch. */
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
