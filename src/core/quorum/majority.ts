/** More than half of the voters (QuorumMaj). */
import type { Sid } from '../../protocol/ids.ts'
import type { QuorumRule } from './rule.ts'

export function majority(voters: readonly Sid[]): QuorumRule {
  const isVoter = new Set(voters)
  return {
    containsQuorum(sids) {
      const present = new Set<Sid>()
      for (const sid of sids) if (isVoter.has(sid)) present.add(sid)
      return present.size > isVoter.size / 2
    },
  }
}
