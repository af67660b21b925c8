/**
 * Turns the log of an Apache ZooKeeper member into our events: roles, votes, elections, syncs, sessions and
 * snapshots. A line that reports one of these becomes that event; every other line becomes a `log` event. The
 * lines are those of 3.5 to 3.9 (QuorumPeer, FastLeaderElection, Leader, LearnerHandler, ZooKeeperServer).
 */
import type { Vote } from '../../core/election/vote.ts'
import { membersText, whyItWon } from '../../core/election/why.ts'
import type { MemberEvent, Role, VoteView } from '../../core/events.ts'
import { counterOf, epochOf, type Zxid } from '../../protocol/zxid.ts'
import type { StampedMemberEvent } from '../host.ts'
import type { LogRecord } from './logConfig.ts'

/** A notification that was received in this election. */
interface Heard {
  vote: VoteView
  state: string
}

type Reading = (match: RegExpExecArray, record: LogRecord) => MemberEvent[]

export class ApacheEvents {
  role: Role = 'looking'
  leader: number | null = null
  zxid = 0
  private readonly sid: number
  private readonly epoch: () => number
  private readonly onEvent: (event: StampedMemberEvent) => void
  private lookingSince = 0
  private heard = new Map<number, Heard>()
  /** By sid: the votes for every candidate that a looking member has named in this election. */
  private candidates = new Map<number, VoteView>()
  private snapshotZxid = 0
  private readonly renewing = new Set<string>()
  /** By thread of the leader: the learner that it serves, and that learner's last zxid. */
  private readonly learners = new Map<string, { sid: number; zxid: number }>()
  private readonly readings: readonly (readonly [RegExp, Reading])[]

  /** @param epoch reads currentEpoch */
  constructor(sid: number, epoch: () => number, onEvent: (event: StampedMemberEvent) => void) {
    this.sid = sid
    this.epoch = epoch
    this.onEvent = onEvent
    this.readings = [
      [/^Notification: /, (_, { message }) => this.notification(message)],
      [/^LOOKING$/, (_, { at }) => this.looking(at)],
      [/^New election\. My id = +\d+, proposed zxid=0x([0-9a-f]+)/, ([, zxid]) => this.election(zxid)],
      [/^(LEADING|FOLLOWING|OBSERVING)$/, ([word], { at }) => this.settled(word, at)],
      [QUORUM, ([, sids, zxid], { at }) => this.established(sids, zxid, at)],
      [/^Peer state changed: (leading|following|observing) - broadcast$/, () => this.serves()],
      [LEARNER, ([, sid, zxid], { thread }) => this.learner(thread, sid, zxid)],
      [
        /^Sending (DIFF|TRUNC) zxid=0x([0-9a-f]+) +for peer/,
        ([, mode, zxid], { thread }) => this.sync(thread, mode, zxid),
      ],
      [
        /^Sending snapshot last zxid of peer is .*?leader is 0x([0-9a-f]+)/,
        ([, zxid], { thread }) => this.sync(thread, 'SNAP', zxid),
      ],
      [/^Snapshotting: 0x([0-9a-f]+) to /, (match, record) => this.snapshotting(match, record)],
      [/^Snapshot taken in (\d+) ms/, ([, ms]) => this.snapshot(ms)],
      [/^Client attempting to establish new session/, () => []],
      [/^Session establishment request from client/, () => []],
      [/^Client attempting to renew session.*?session = (0x[0-9a-f]+)/, ([, id = '']) => this.renew(id)],
      [
        /^Established session (0x[0-9a-f]+) with negotiated timeout (\d+)(?: for client \/?(\S+:\d+))?/,
        ([, id = '', ms, client]) => this.session(id, Number(ms), client),
      ],
      [
        /^Expiring session (0x[0-9a-f]+), timeout of/,
        ([, session = '']) => [{ type: 'session-expired', session }],
      ],
    ]
  }

  take(record: LogRecord): void {
    for (const [pattern, read] of this.readings) {
      const match = pattern.exec(record.message)
      if (match === null) continue
      for (const event of read(match, record)) this.emit(record.at, event)
      return
    }
    // The debug level is enabled only for sessions, and the banner consists of lines without words.
    const isNoise = record.level === 'debug' || !/[A-Za-z0-9]/.test(record.message)
    if (!isNoise) this.emit(record.at, logEvent(record))
  }

  /**
   * Reports what the member's answer to a request has shown, where its log does not tell it (a standalone
   * server, versions before 3.6).
   */
  seen(at: number, role: Role, zxid: number, isServing: boolean): void {
    this.zxid = zxid
    if (role !== this.role || role === 'standalone') {
      this.role = role
      if (role === 'leader' || role === 'standalone') this.leader = this.sid
      this.emit(at, this.roleEvent())
    }
    if (isServing) for (const event of this.serves()) this.emit(at, event)
  }

  private emit(at: number, event: MemberEvent): void {
    this.onEvent({ at, event })
  }

  private roleEvent(): MemberEvent {
    const { role, leader, zxid } = this
    return { type: 'role', role, leader, epoch: this.epoch(), zxid }
  }

  private looking(at: number): MemberEvent[] {
    this.lookingSince = at
    this.heard = new Map()
    this.candidates = new Map()
    this.role = 'looking'
    this.leader = null
    return [this.roleEvent()]
  }

  private election(zxid: string | undefined): MemberEvent[] {
    this.zxid = number(zxid)
    return []
  }

  private notification(message: string): MemberEvent[] {
    const said = readNotification(message)
    if (said === null) return []
    const { from, vote, state } = said
    this.heard.set(from, { vote, state })
    if (state === 'LOOKING') this.candidates.set(vote.leader, vote)
    // A notification that a member sends to itself is its own vote.
    if (from === this.sid) return [{ type: 'vote-sent', to: null, vote, state, reason: '' }]
    return [{ type: 'vote-received', from, vote, state }]
  }

  private settled(word: string, at: number): MemberEvent[] {
    this.role = word === 'LEADING' ? 'leader' : word === 'FOLLOWING' ? 'follower' : 'observer'
    const isLeader = this.role === 'leader'
    this.leader = isLeader ? this.sid : this.mostVoted()
    return [...this.elected(at), this.roleEvent()]
  }

  /** The member that most others vote for: Apache's log does not name the leader. */
  private mostVoted(): number | null {
    const counts = new Map<number, number>()
    for (const { vote } of this.heard.values()) {
      if (vote.leader !== this.sid) counts.set(vote.leader, (counts.get(vote.leader) ?? 0) + 1)
    }
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null
  }

  private elected(at: number): MemberEvent[] {
    const { leader } = this
    const agreed = [...this.heard].filter(([, { vote }]) => vote.leader === leader)
    const [first] = agreed
    if (leader === null || first === undefined) return []
    const votes = Object.fromEntries(agreed.map(([sid, { vote }]) => [sid, vote]))
    const { vote } = first[1]
    return [{ type: 'elected', leader, vote, votes, why: this.why(vote, agreed), ms: at - this.lookingSince }]
  }

  /**
   * Why the member was elected, judged by the notifications that this member has received: Apache's log gives
   * no reason. Weights of groups are not known here.
   */
  private why(winner: VoteView, agreed: readonly [number, Heard][]): string {
    const settled = agreed.filter(([, { state }]) => state === 'FOLLOWING' || state === 'LEADING')
    const sids = (some: readonly [number, Heard][]) => membersText(some.map(([sid]) => sid as Vote['leader']))
    if (settled.length > 0) return `${sids(settled)} had settled on member ${winner.leader} before`
    const rivals = [...this.candidates.values()].filter(({ round }) => round === winner.round)
    return `${whyItWon(voteOf(winner), rivals.map(voteOf), () => 1)} (votes of ${sids(agreed)}, as far as it has heard)`
  }

  private established(sids: string | undefined, zxid: string | undefined, at: number): MemberEvent[] {
    this.zxid = number(zxid)
    const quorum = (sids ?? '').split(',').map(Number)
    const epoch = epochOf(this.zxid as Zxid)
    return [{ type: 'established', epoch, quorum, ms: at - this.lookingSince }]
  }

  private serves(): MemberEvent[] {
    return [{ type: 'serving', role: this.role, epoch: this.epoch(), zxid: this.zxid }]
  }

  private learner(thread: string, sid: string | undefined, zxid: string | undefined): MemberEvent[] {
    this.learners.set(thread, { sid: Number(sid), zxid: number(zxid) })
    return []
  }

  private sync(thread: string, mode: string | undefined, zxid: string | undefined): MemberEvent[] {
    const learner = this.learners.get(thread)
    if (learner === undefined) return []
    this.learners.delete(thread)
    const to = number(zxid)
    const proposals = mode === 'DIFF' ? proposalsBetween(learner.zxid, to) : 0
    return [
      {
        type: 'sync',
        learner: learner.sid,
        mode: mode as 'DIFF' | 'TRUNC' | 'SNAP',
        from: learner.zxid,
        to,
        proposals,
      },
    ]
  }

  private snapshotting([, zxid]: RegExpExecArray, record: LogRecord): MemberEvent[] {
    this.snapshotZxid = number(zxid)
    return [logEvent(record)]
  }

  private snapshot(ms: string | undefined): MemberEvent[] {
    return [{ type: 'snapshot', zxid: this.snapshotZxid, ms: Number(ms) }]
  }

  private renew(session: string): MemberEvent[] {
    this.renewing.add(session)
    return []
  }

  private session(session: string, timeoutMs: number, client: string | undefined): MemberEvent[] {
    if (this.renewing.delete(session)) return [{ type: 'session-moved', session }]
    return [{ type: 'session-opened', session, timeoutMs, ...(client === undefined ? {} : { client }) }]
  }
}

const QUORUM = /^Have quorum of supporters, sids: \[\s*\[?([\d, ]+)\]?.*last processed zxid: 0x([0-9a-f]+)/
const LEARNER = /^Synchronizing with (?:Learner|Follower) sid: (\d+) .*peerLastZxid=0x([0-9a-f]+)/

function voteOf({ leader, zxid, round, epoch }: VoteView): Vote {
  return { leader, zxid, round, peerEpoch: epoch } as Vote
}

/**
 * Reads a notification from a log message. Since 3.6.1 it begins with `Notification: my state:LOOKING;
 * n.sid:0, n.state:LOOKING, n.leader:0, n.round:0x1, n.peerEpoch:0x0, n.zxid:0x0, …`, and before that with
 * `Notification: 2 (message format version), 0 (n.leader), 0x0 (n.zxid), 0x1 (n.round), …`.
 */
function readNotification(message: string): { from: number; vote: VoteView; state: string } | null {
  const field = (name: string): string | undefined =>
    new RegExp(`n\\.${name}:(\\w+)`).exec(message)?.[1] ??
    new RegExp(`(\\w+) \\(n\\.${name}\\)`, 'i').exec(message)?.[1]
  const hexadecimal = (name: string) => number(field(name)?.replace(/^0x/, ''))
  const from = field('sid')
  const leader = field('leader')
  if (from === undefined || leader === undefined) return null
  const vote = {
    leader: Number(leader),
    zxid: hexadecimal('zxid'),
    round: hexadecimal('round'),
    epoch: hexadecimal('peerEpoch'),
  }
  return { from: Number(from), vote, state: field('state') ?? '' }
}

/**
 * Parses a hexadecimal number. A negative one, which Apache prints with 16 digits (an observer's vote has
 * Long.MIN_VALUE), has no meaning and becomes 0.
 */
function number(hexadecimal: string | undefined): number {
  if (hexadecimal === undefined || hexadecimal === '') return 0
  const value = Number.parseInt(hexadecimal, 16)
  return Number.isSafeInteger(value) ? value : 0
}

/**
 * The number of proposals between two zxids: exact within one epoch, the least possible number across epochs.
 */
function proposalsBetween(from: number, to: number): number {
  const isOneEpoch = epochOf(from as Zxid) === epochOf(to as Zxid)
  return Math.max(0, isOneEpoch ? to - from : counterOf(to as Zxid))
}

function logEvent({ level, logger, message, more }: LogRecord): MemberEvent {
  const stack = more.length === 0 ? {} : { stack: more.join('\n') }
  return { type: 'log', level, message, fields: { logger, ...stack } }
}
