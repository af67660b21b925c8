/** When an election has an outcome: by the votes of a round, or because the ensemble has settled already. */
import type { Sid } from '../../protocol/ids.ts'
import { ServerState } from '../../protocol/opcodes.ts'
import type { Electorate } from '../quorum/electorate.ts'
import type { QuorumRule } from '../quorum/rule.ts'
import type { CastVote } from './vote.ts'

/**
 * - `open`: no quorum shares this member's vote.
 * - `wait`: a quorum does, but a voter that has not been heard may still bring a better vote
 *   (FastLeaderElection.finalizeWait).
 * - `settled`: every voter in reach has cast the same vote. Each began the round with its own candidacy and
 *   only ever improved on it, so none of them knows of a better one.
 */
export type Outcome = 'open' | 'wait' | 'settled'

/**
 * @param leader the candidate of this member's vote
 * @param supporters the voters that have cast the same vote in this round, this member included
 * @param isGone whether a peer need not be waited for
 */
export function outcomeOf(
  leader: Sid,
  supporters: ReadonlySet<Sid>,
  electorate: Electorate,
  isGone: (sid: Sid) => boolean,
): Outcome {
  if (!electorate.containsQuorum(supporters)) return 'open'
  const isUnanimous = electorate.voters.every(
    (sid) => supporters.has(sid) || isGone(sid) || electorate.weightOf(sid) === 0,
  )
  return isUnanimous && !isGone(leader) ? 'settled' : 'wait'
}

/**
 * Whether a looking member joins an ensemble that has settled on `leader`: a quorum of the configuration in
 * force names that leader, and the leader itself says that it leads. Without its word members would continue
 * to elect one that has crashed (ZOOKEEPER-3769). A member that is named itself cannot wait for its own word:
 * it accepts only what was settled in its own round (FastLeaderElection.checkLeader).
 * @param own the member that looks, and its round
 * @param says what the leader itself was last heard to say, if anything
 */
export function joinsSettled(
  own: { readonly sid: Sid; readonly round: number },
  { vote: { leader, round } }: CastVote,
  supporters: ReadonlySet<Sid>,
  says: CastVote | undefined,
  committed: QuorumRule,
): boolean {
  if (!committed.containsQuorum(supporters)) return false
  return leader === own.sid ? round === own.round : says?.state === ServerState.leading
}
