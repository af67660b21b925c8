/** The latest vote heard from each voter, and the voters that support a given vote. */
import type { Sid } from '../../protocol/ids.ts'
import type { ServerState } from '../../protocol/opcodes.ts'
import { agree, type CastVote, type Vote } from './vote.ts'

export class Tally {
  private readonly votes = new Map<Sid, CastVote>()

  record(voter: Sid, vote: Vote, state: ServerState, version: number): void {
    this.votes.set(voter, { vote, state, version })
  }

  supporters(of: CastVote): Set<Sid> {
    const supporters = new Set<Sid>()
    for (const [voter, cast] of this.votes) if (agree(of, cast)) supporters.add(voter)
    return supporters
  }

  get(voter: Sid): CastVote | undefined {
    return this.votes.get(voter)
  }

  forget(voter: Sid): void {
    this.votes.delete(voter)
  }

  clear(): void {
    this.votes.clear()
  }
}
