/**
 * FastLeaderElection: members tell one another for whom they vote, adopt every better vote they hear, and
 * settle on the one that a quorum shares. Between elections a member answers every member that still looks.
 *
 * Invariants: the round never falls while looking (only joining an ensemble that has settled takes that
 * ensemble's round); a vote only improves within a round; nothing is settled without a quorum for it.
 *
 * Settling early is safe because nothing rests on an election's outcome. It names whom to try: a leader is
 * made in Zab's discovery, by a quorum that promises it a new epoch and holds no history newer than its own.
 * Two members that settled on different leaders cost time, never data. Apache waits 200 ms for a better vote
 * after every quorum. Here that wait ends as soon as every voter that is not gone has cast the same vote
 * (`outcomeOf`).
 *
 * An election starts over when a notification brings a later configuration with other voters. A leader that
 * hands over with a reconfig names its successor, and there is no election (`designate`).
 */
import type { Sid } from '../../protocol/ids.ts'
import { ServerState } from '../../protocol/opcodes.ts'
import { type Epoch, formatZxid, NO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import type { Now, SendEffect } from '../effects.ts'
import type { MemberEvent } from '../events.ts'
import { invariant } from '../invariant.ts'
import type { Notification } from './notification.ts'
import { Notifications, type Position, STATE_NAMES } from './notifications.ts'
import type { ElectionOptions } from './options.ts'
import { joinsSettled, outcomeOf } from './outcome.ts'
import { Reachability } from './reachability.ts'
import { Supporters } from './supporters.ts'
import { Tally } from './tally.ts'
import { type CastVote, isBetter, NOBODY, type Vote, viewOf, voteIn } from './vote.ts'
import { membersText, whyItWon } from './why.ts'

/** What a member brings to an election: its last logged zxid and its currentEpoch. */
export interface Candidacy {
  readonly zxid: Zxid
  readonly currentEpoch: Epoch
}

const NEVER = Number.POSITIVE_INFINITY
const { looking, following, leading, observing } = ServerState

/**
 * Beyond this, rounds start over: any caller may name a round, and must not exhaust the range of a number.
 */
const LAST_ROUND = 2 ** 51
/** How far rounds may advance within one election. */
const ROUND_LEAP = 0x1_0000

export class Election {
  private readonly options: ElectionOptions
  private readonly emit: (effect: SendEffect) => void
  private readonly notifications: Notifications
  private readonly reach = new Reachability()
  /** Before the first `start` and after `withdraw` a member has nothing to say. */
  private isIdle = true
  private state: ServerState = looking
  private round = 0
  /** The vote with which this member stands for election. */
  private own: Omit<Vote, 'round'> = NOBODY
  private candidacy: Candidacy | null = null
  /** The proposal while this member looks; the settled vote afterwards. */
  private vote: Vote = { ...NOBODY, round: 0 }
  /** Votes of this round, and what settled members say of other rounds (recvset and outofelection). */
  private readonly inRound = new Tally()
  private readonly elsewhere = new Tally()
  private readonly candidates = new Map<Sid, Vote>()
  private backing: Supporters | null = null
  private startedAtMs = 0
  private finalizeAtMs = NEVER

  constructor(options: ElectionOptions, emit: (effect: SendEffect) => void) {
    this.options = options
    this.emit = emit
    this.notifications = new Notifications(options, emit)
  }

  /** The settled vote; null while looking or idle. */
  get outcome(): Vote | null {
    return this.isIdle || this.state === looking ? null : this.vote
  }

  /** When `tick` is due, monotonic ms. */
  get nextDeadlineMs(): number {
    return Math.min(this.notifications.resendAtMs, this.finalizeAtMs)
  }

  /**
   * Why the leadership that this member was elected to cannot be established any more, because too many of
   * those who elected it look elsewhere; null otherwise. Continuing to lead would mean waiting for them until
   * initLimit.
   */
  get abandoned(): string | null {
    return this.backing?.lossReason ?? null
  }

  /** Looks for a leader in a new round. */
  start(own: Candidacy, now: Now): void {
    const { sid, membership } = this.options
    // A member that becomes a voter only when the pending reconfiguration commits may still be unknown to
    // voters whose votes it would need.
    const isCandidate = membership.role === 'participant' && membership.committedElectorate.isVoter(sid)
    this.candidacy = own
    this.own = isCandidate ? { leader: sid, zxid: own.zxid, peerEpoch: own.currentEpoch } : NOBODY
    this.isIdle = false
    this.state = looking
    this.backing = null
    this.elsewhere.clear()
    this.startedAtMs = now.monotonicMs
    this.notifications.begin()
    this.log('info', `New election. My id = ${sid}, proposed zxid=${formatZxid(own.zxid)}`)
    if (this.round >= LAST_ROUND) this.round = 0
    this.enterRound(this.round + 1, null, 'a new election', now)
    this.evaluate(now)
  }

  /**
   * The old leader has named the next one, and every member of the new configuration receives the same name.
   * That leader is tried at once, like the outcome of an election. A member that cannot reach it comes back
   * to `start`.
   */
  designate(leader: Sid, own: Candidacy, now: Now): void {
    const { sid, electorate } = this.options
    this.candidacy = own
    this.isIdle = false
    this.startedAtMs = now.monotonicMs
    this.elsewhere.clear()
    const vote: Vote = { leader, zxid: own.zxid, peerEpoch: own.currentEpoch, round: this.round }
    this.take(vote, new Set(electorate.voters))
    const why = `${leader === sid ? 'this member' : `member ${leader}`} was designated by the old leader`
    this.event({ type: 'elected', leader, vote: viewOf(vote), votes: {}, why, ms: 0 })
  }

  /**
   * The member has left its last role and has not started to look. Until it does, it answers no
   * notifications.
   */
  withdraw(): void {
    this.isIdle = true
    this.state = looking
    this.backing = null
    this.notifications.end()
    this.finalizeAtMs = NEVER
  }

  /**
   * The epoch of the settled leader is agreed: answers name it from now on (QuorumPeer.updateElectionVote).
   */
  established(epoch: Epoch): void {
    this.vote = { ...this.vote, peerEpoch: epoch }
    this.backing = null
  }

  receive(from: Sid, notification: Notification, now: Now): void {
    const { electorate } = this.options
    const theirs = voteIn(notification)
    const state = STATE_NAMES[notification.state]
    this.event({ type: 'vote-received', from, vote: viewOf(theirs), state })
    this.reach.arrived(from)
    if (this.isIdle) return
    if (this.state === looking && this.options.membership.hear(notification.config)) this.startOver(from, now)
    const isLooking = notification.state === looking
    const isFarOff = theirs.round >= LAST_ROUND && theirs.round > this.round + ROUND_LEAP
    if (this.state === looking && isLooking && isFarOff) return
    if (!electorate.isVoter(from)) {
      if (isLooking) this.notifications.answerOnce(this.position, from, 'it looks, without a vote of its own')
    } else if (this.state !== looking) {
      this.backing?.heard(from, theirs, isLooking)
      if (isLooking) this.notifications.answer(this.position, from, 'it looks for a leader')
    } else if (isLooking && theirs.leader === NOBODY.leader) {
      this.heardUndecided(from, theirs.round, now)
    } else if (!electorate.isVoter(theirs.leader)) {
      this.log('warn', `Ignoring notification for non-cluster member sid ${theirs.leader} from sid ${from}`)
    } else {
      this.notifications.heard(now)
      if (isLooking) this.heardLooking(from, theirs, now)
      else if (notification.state !== observing) this.heardSettled(from, theirs, notification, now)
    }
  }

  private startOver(from: Sid, now: Now): void {
    this.log('info', `restarting leader election: member ${from} has a later configuration`)
    if (this.candidacy !== null) this.start(this.candidacy, now)
  }

  /** The network has reached a peer, or has found its port closed or the connection to it broken. */
  reachability(sid: Sid, reachable: boolean, now: Now): void {
    if (reachable) {
      this.reach.arrived(sid)
      return
    }
    const wasThere = this.reach.left(sid, now.monotonicMs)
    if (this.isIdle || this.state !== looking) return
    // A peer that is gone supports nobody. When it is back it repeats its vote, because the last message is
    // sent again on a new connection.
    this.inRound.forget(sid)
    this.elsewhere.forget(sid)
    if (wasThere && this.vote.leader === sid) {
      this.enterRound(this.round + 1, null, `member ${sid}, the best candidate, is gone`, now)
    }
    this.evaluate(now)
  }

  tick(now: Now): void {
    if (now.monotonicMs >= this.finalizeAtMs) {
      this.settleRound(`no better vote within ${this.options.finalizeWaitMs} ms`, now)
    } else if (now.monotonicMs >= this.notifications.resendAtMs) {
      this.notifications.repeat(this.vote, now)
      // Time alone may have shown that a peer is not merely starting.
      this.evaluate(now)
    }
  }

  private heardLooking(from: Sid, theirs: Vote, now: Now): void {
    // −1 marks a server without a database of its own: neither its vote counts nor, for this member, any
    // other vote that it reports.
    if (theirs.zxid === NO_ZXID || this.own.zxid === NO_ZXID) return
    if (theirs.round < this.round) {
      this.notifications.answer(this.position, from, `it is in round ${theirs.round}, behind ours`)
      return
    }
    if (theirs.round > this.round) {
      this.enterRound(theirs.round, theirs, `member ${from} is in round ${theirs.round}`, now)
    } else if (this.isBetter(theirs, this.vote)) {
      this.improve(theirs, `better vote of member ${from}`, now)
    } else if (this.isBetter(this.vote, theirs)) {
      // It may have missed our vote, cast while it still followed a leader. Apache lets it wait for our
      // time-out.
      this.notifications.answer(this.position, from, `it votes for ${theirs.leader}`)
    }
    this.candidates.set(theirs.leader, theirs)
    this.inRound.record(from, theirs, looking, 0)
    this.evaluate(now)
  }

  /**
   * A voter of the pending configuration that does not know it yet: its vote names nobody, but its round
   * counts, because it will not return to ours. (Apache leaves it there, and may never find a quorum of that
   * configuration.) It needs our vote in order to cast one; while we have none either, there is nothing to
   * send.
   */
  private heardUndecided(from: Sid, round: number, now: Now): void {
    if (round > this.round) {
      this.enterRound(round, null, `member ${from} is in round ${round}`, now)
      this.evaluate(now)
    } else if (this.vote.leader !== NOBODY.leader) {
      this.notifications.answerOnce(this.position, from, 'it votes for nobody')
    }
  }

  private heardSettled(from: Sid, theirs: Vote, { state, version }: Notification, now: Now): void {
    const cast: CastVote = { vote: theirs, state, version }
    if (theirs.round === this.round) {
      // The version is set to 0, whatever it was: within the round only the leader's id is compared
      // (ZOOKEEPER-1732).
      this.inRound.record(from, theirs, state, 0)
      if (this.joins(this.inRound, cast, now)) return
    }
    this.elsewhere.record(from, theirs, state, version)
    // A former supporter that now follows another leader no longer supports this round's vote.
    if (!this.joins(this.elsewhere, cast, now)) this.evaluate(now)
  }

  /** Joins the ensemble that has settled on the leader of `cast`, if there is one. @returns whether it did */
  private joins(tally: Tally, cast: CastVote, now: Now): boolean {
    const { sid, membership } = this.options
    const { leader } = cast.vote
    const supporters = tally.supporters(cast)
    if (
      !joinsSettled(
        { sid, round: this.round },
        cast,
        supporters,
        tally.get(leader),
        membership.committedElectorate,
      )
    )
      return false
    const says = leader === sid ? 'which is this member' : 'which says that it leads'
    const why = `${membersText(supporters)} follow ${leader}, ${says}`
    this.settle(cast.vote, supporters, tally, why, now)
    return true
  }

  /** Clears the round's votes and begins a later one with the better of `theirs` and this member's own. */
  private enterRound(round: number, theirs: Vote | null, reason: string, now: Now): void {
    invariant(round > this.round, () => `round ${round} after round ${this.round}`)
    this.round = round
    this.inRound.clear()
    this.candidates.clear()
    this.notifications.newRound()
    const own: Vote = { ...this.own, round }
    if (this.isCandidate) this.candidates.set(own.leader, own)
    this.cast(theirs !== null && this.isBetter(theirs, own) ? theirs : own, reason, now)
  }

  private improve(vote: Vote, reason: string, now: Now): void {
    invariant(
      vote.round === this.round && this.isBetter(vote, this.vote),
      () => `vote for ${vote.leader} in round ${vote.round} is no better than that for ${this.vote.leader}`,
    )
    this.cast(vote, reason, now)
  }

  private cast(vote: Vote, reason: string, now: Now): void {
    this.vote = vote
    this.finalizeAtMs = NEVER
    if (this.options.electorate.isVoter(this.options.sid)) {
      this.inRound.record(this.options.sid, vote, looking, 0)
    }
    this.notifications.toAll(this.vote, reason, now)
  }

  /** Settles, or begins to wait for a better vote, once a quorum shares this member's vote. */
  private evaluate(now: Now): void {
    const { electorate, finalizeWaitMs } = this.options
    const isGone = (sid: Sid) => this.reach.isGone(sid, now.monotonicMs)
    const outcome = outcomeOf(this.vote.leader, this.supporters(), electorate, isGone)
    if (outcome === 'open') this.finalizeAtMs = NEVER
    else if (outcome === 'settled') this.settleRound('every voter in reach agreed', now)
    else if (this.finalizeAtMs === NEVER) this.finalizeAtMs = now.monotonicMs + finalizeWaitMs
  }

  private supporters(): Set<Sid> {
    return this.inRound.supporters({ vote: this.vote, state: looking, version: 0 })
  }

  private settleRound(end: string, now: Now): void {
    const { vote, options } = this
    const why = whyItWon(vote, this.candidates.values(), (sid) => options.electorate.weightOf(sid))
    const supporters = this.supporters()
    this.settle(vote, supporters, this.inRound, `${why} (votes of ${membersText(supporters)}; ${end})`, now)
  }

  private settle(vote: Vote, supporters: Set<Sid>, tally: Tally, why: string, now: Now): void {
    const { membership, electorate } = this.options
    invariant(
      membership.committedElectorate.containsQuorum(supporters) && electorate.isVoter(vote.leader),
      () => `settling on ${vote.leader} with the votes of ${membersText(supporters)} only`,
    )
    this.take(vote, supporters)
    const votes = Object.fromEntries(
      [...supporters].map((supporter) => [supporter, viewOf(tally.get(supporter)?.vote ?? vote)]),
    )
    const ms = now.monotonicMs - this.startedAtMs
    this.event({ type: 'elected', leader: vote.leader, vote: viewOf(vote), votes, why, ms })
  }

  private take(vote: Vote, supporters: Set<Sid>): void {
    const { sid, electorate, membership } = this.options
    const learning = membership.role === 'participant' ? following : observing
    this.state = vote.leader === sid ? leading : learning
    this.vote = vote
    this.round = vote.round
    this.notifications.end()
    this.finalizeAtMs = NEVER
    this.backing = this.state === leading ? new Supporters(sid, electorate, vote, supporters) : null
  }

  /** What this member answers when it is asked for its vote. */
  private get position(): Position {
    return { state: this.state, vote: this.vote }
  }

  private get isCandidate(): boolean {
    return this.own !== NOBODY
  }

  private isBetter(a: Vote, b: Vote): boolean {
    return isBetter(a, b, (sid) => this.options.electorate.weightOf(sid))
  }

  private event(event: MemberEvent): void {
    this.emit({ kind: 'event', event })
  }

  private log(level: 'info' | 'warn', message: string): void {
    this.event({ type: 'log', level, message })
  }
}
