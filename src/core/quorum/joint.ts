/**
 * Several electorates that must all agree, as while a reconfig is pending: a later configuration may be in
 * force without this member's knowledge, so whatever is decided meanwhile needs a quorum of each.
 *
 * For elections and for a leader's epoch that is the joint electorate of all configurations that count. For
 * proposals it depends on when they were proposed:
 * - the configuration in force decides on every proposal;
 * - a pending configuration decides on its own reconfig and on everything proposed after it;
 * - a configuration that a reconfig has replaced still decides on what was proposed before that reconfig
 *   committed. Otherwise only members of the new configuration might hold such a proposal, and none of them
 *   may stand for election before it knows that the reconfig is committed.
 */
import type { Sid } from '../../protocol/ids.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import type { Electorate } from './electorate.ts'
import type { QuorumRule } from './rule.ts'

/** An electorate that decides on the proposals from `from` up to `upTo`, both included. */
export interface Jurisdiction {
  readonly electorate: QuorumRule
  readonly from: Zxid
  /** Infinity while no later configuration has replaced this one. */
  readonly upTo: Zxid
}

export const UNLIMITED = Number.POSITIVE_INFINITY as Zxid

/** Whether the members that hold the proposal `zxid` may commit it. */
export function decide(jurisdictions: readonly Jurisdiction[], sids: readonly Sid[], zxid: Zxid): boolean {
  return jurisdictions.every(
    ({ electorate, from, upTo }) => zxid < from || zxid > upTo || electorate.containsQuorum(sids),
  )
}

/** Whether these members may commit every proposal from `zxid` on, those that are yet to come included. */
export function decideFrom(
  jurisdictions: readonly Jurisdiction[],
  sids: readonly Sid[],
  zxid: Zxid,
): boolean {
  return jurisdictions.every(({ electorate, upTo }) => zxid > upTo || electorate.containsQuorum(sids))
}

/** Its voters are those of every electorate; its quorums contain a quorum of each. */
export function joint(electorates: readonly Electorate[]): Electorate {
  const voters = [...new Set(electorates.flatMap((electorate) => electorate.voters))].sort((a, b) => a - b)
  return {
    voters,
    isVoter: (sid) => electorates.some((electorate) => electorate.isVoter(sid)),
    weightOf: (sid) => Math.max(...electorates.map((electorate) => electorate.weightOf(sid))),
    containsQuorum(sids) {
      const present = [...sids]
      return electorates.every((electorate) => electorate.containsQuorum(present))
    },
  }
}
