/**
 * The members that still support a leader that was elected and is not established yet. A voter that looks
 * with any other vote than the one it elected the leader with has moved on (to a better vote, a later round)
 * or has been restarted, and will not return to this leader on its own. Apache's leader waits for it until
 * initLimit is over.
 */
import type { Sid } from '../../protocol/ids.ts'
import type { Electorate } from '../quorum/electorate.ts'
import { isSameVote, type Vote } from './vote.ts'
import { membersText } from './why.ts'

export class Supporters {
  private readonly leader: Sid
  private readonly electorate: Electorate
  private readonly vote: Vote
  private readonly backers: Set<Sid>
  lossReason: string | null = null

  constructor(leader: Sid, electorate: Electorate, vote: Vote, backers: Iterable<Sid>) {
    this.leader = leader
    this.electorate = electorate
    this.vote = vote
    this.backers = new Set([leader, ...backers])
  }

  heard(from: Sid, theirs: Vote, isLooking: boolean): void {
    if (from === this.leader) return
    const isBehind = isLooking ? isSameVote(theirs, this.vote) : theirs.leader === this.leader
    if (isBehind) this.backers.add(from)
    else this.backers.delete(from)
    this.lossReason = this.electorate.containsQuorum(this.backers) ? null : this.loss(from)
  }

  private loss(from: Sid): string {
    const members = membersText(this.backers).replace(/, (\d+)$/, ' and $1')
    const support = this.backers.size === 1 ? 'supports' : 'support'
    return `only ${members} still ${support} it; member ${from} is looking for another leader`
  }
}
