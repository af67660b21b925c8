/**
 * When a proposal is committed: a quorum of every configuration that decides on it has it on disk, this
 * leader among them. (Leader.tryToCommit counts the leader like any other voter. Here the leader's own disk
 * is needed as well, because it applies what is committed, and never applies what its log might still lose.)
 *
 * Acknowledgements come in order, so one zxid for each member is enough. Proposals are committed in order,
 * too: the caller asks for the oldest one first.
 */
import type { Sid } from '../../../protocol/ids.ts'
import type { Zxid } from '../../../protocol/zxid.ts'
import { decide, type Jurisdiction } from '../../quorum/joint.ts'

/** A member, and the zxid up to which it has acknowledged everything: that much is on its disk. */
export interface Acknowledged {
  readonly sid: Sid
  readonly ackedZxid: Zxid
}

export function isCommitted(
  zxid: Zxid,
  leader: Acknowledged,
  followers: Iterable<Acknowledged>,
  jurisdictions: readonly Jurisdiction[],
): boolean {
  if (leader.ackedZxid < zxid) return false
  const holders = [leader.sid]
  for (const { sid, ackedZxid } of followers) if (ackedZxid >= zxid) holders.push(sid)
  return decide(jurisdictions, holders, zxid)
}
