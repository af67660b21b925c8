/** Servers and sets of servers, for the tables of the quorum rules. */
import type { QuorumMember } from '../../../src/core/quorum/rule.ts'
import type { Sid } from '../../../src/protocol/ids.ts'

export function voter(sid: number, group: number | null = null, weight = 1): QuorumMember {
  return { sid, role: 'participant', group, weight }
}

/** `sidsOf('1 2 3')` */
export function sidsOf(list: string): Sid[] {
  return list.split(' ').filter(Boolean).map(Number) as Sid[]
}
