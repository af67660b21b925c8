/**
 * Elections of several members over a made-up network in virtual time: every link is a queue in order, a
 * broken link loses what is under way and sends the last message again when it is back, as the real network
 * does.
 */
import { decodeNotification, encodeNotification } from '../../../src/core/election/codec.ts'
import { type Candidacy, Election } from '../../../src/core/election/election.ts'
import type { Notification } from '../../../src/core/election/notification.ts'
import type { Vote } from '../../../src/core/election/vote.ts'
import type { MemberEvent } from '../../../src/core/events.ts'
import { electorateOf } from '../../../src/core/quorum/electorate.ts'
import type { QuorumMember } from '../../../src/core/quorum/rule.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { makeZxid, type Zxid } from '../../../src/protocol/zxid.ts'

export const sid = (id: number) => id as Sid
export const zxid = (epoch: number, counter: number): Zxid => makeZxid(epoch, counter)

export interface VoterSpec extends Partial<QuorumMember> {
  readonly sid: number
  readonly candidacy?: Candidacy
}

interface Citizen {
  readonly sid: Sid
  election: Election
  candidacy: Candidacy
  events: MemberEvent[]
  isUp: boolean
}

interface Link {
  readonly from: Sid
  readonly to: Sid
  queue: Notification[]
  last: Notification | null
  isUp: boolean
}

export class Electorate {
  nowMs = 0
  readonly rule: ReturnType<typeof electorateOf>
  readonly citizens = new Map<Sid, Citizen>()
  readonly links: Link[] = []
  onSettled: (citizen: Citizen, vote: Vote) => void = () => {}
  private readonly specs: readonly VoterSpec[]
  private readonly observers: ReadonlySet<number>

  constructor(specs: readonly VoterSpec[]) {
    this.specs = specs
    const members = specs.map(({ sid, role = 'participant', group = null, weight = 1 }) => ({
      sid,
      role,
      group,
      weight,
    }))
    this.rule = electorateOf(members)
    this.observers = new Set(members.filter(({ role }) => role === 'observer').map(({ sid }) => sid))
    for (const spec of specs) this.citizens.set(sid(spec.sid), this.citizen(spec))
    for (const from of this.citizens.keys()) {
      for (const to of this.citizens.keys()) {
        if (from !== to) this.links.push({ from, to, queue: [], last: null, isUp: false })
      }
    }
  }

  private citizen({ sid: id, candidacy = { zxid: zxid(0, 0), currentEpoch: 0 } }: VoterSpec): Citizen {
    return { sid: sid(id), election: this.electionOf(sid(id)), candidacy, events: [], isUp: false }
  }

  private electionOf(id: Sid): Election {
    const options = {
      sid: id,
      electorate: this.rule,
      minNotificationIntervalMs: 200,
      maxNotificationIntervalMs: 60_000,
      finalizeWaitMs: 200,
      membership: {
        committedElectorate: this.rule,
        role: this.observers.has(id) ? ('observer' as const) : ('participant' as const),
        committed: { text: 'version=0' },
        hear: () => false,
      },
    }
    return new Election(options, (effect) => {
      if (effect.kind === 'event') {
        this.get(id).events.push(effect.event)
        if (effect.event.type === 'elected') this.onSettled(this.get(id), this.outcome(id) as Vote)
      } else if (effect.kind === 'notify') {
        // Through the wire's form, so that it is tested along.
        this.send(id, effect.to, decodeNotification(encodeNotification(effect.notification).subarray(4)))
      }
    })
  }

  get(id: number): Citizen {
    return this.citizens.get(sid(id)) as Citizen
  }

  get now() {
    return { monotonicMs: this.nowMs, wallMs: 0 }
  }

  outcome(id: number): Vote | null {
    return this.get(id).election.outcome
  }

  /** Whom each member that is up has settled on; null for those that look. */
  leaders(): Record<number, number | null> {
    const up = [...this.citizens.values()].filter(({ isUp }) => isUp)
    return Object.fromEntries(up.map((citizen) => [citizen.sid, citizen.election.outcome?.leader ?? null]))
  }

  eventsOf<T extends MemberEvent['type']>(id: number, type: T): Extract<MemberEvent, { type: T }>[] {
    return this.get(id).events.filter(
      (event): event is Extract<MemberEvent, { type: T }> => event.type === type,
    )
  }

  /**
   * Members come up: their ports open, whom they reach they are connected with, and they look for a leader.
   */
  up(...ids: number[]): this {
    for (const id of ids) {
      const citizen = this.get(id)
      citizen.isUp = true
      citizen.election = this.electionOf(citizen.sid)
      for (const link of this.linksOf(id)) {
        const other = this.get(link.from === id ? link.to : link.from)
        this.setLink(link, other.isUp)
      }
      citizen.election.start(citizen.candidacy, this.now)
    }
    return this
  }

  /** Looks again, as after losing its leader. */
  restart(id: number): this {
    const citizen = this.get(id)
    citizen.election.start(citizen.candidacy, this.now)
    return this
  }

  kill(id: number): this {
    this.get(id).isUp = false
    for (const link of this.linksOf(id)) {
      this.setLink(link, false)
      link.last = null
    }
    return this
  }

  linksOf(id: number): Link[] {
    return this.links.filter(({ from, to }) => from === id || to === id)
  }

  link(from: number, to: number): Link {
    return this.links.find((link) => link.from === from && link.to === to) as Link
  }

  cut(a: number, b: number): this {
    this.setLink(this.link(a, b), false)
    this.setLink(this.link(b, a), false)
    return this
  }

  heal(a: number, b: number): this {
    if (!this.get(a).isUp || !this.get(b).isUp) return this
    this.setLink(this.link(a, b), true)
    this.setLink(this.link(b, a), true)
    return this
  }

  healAll(): this {
    for (const { from, to } of this.links) if (from < to) this.heal(from, to)
    return this
  }

  private setLink(link: Link, isUp: boolean): void {
    if (link.isUp === isUp) return
    link.isUp = isUp
    link.queue = isUp && link.last !== null ? [link.last] : []
    const receiver = this.get(link.to)
    if (receiver.isUp) receiver.election.reachability(link.from, isUp, this.now)
  }

  /** A dial that was refused, as the network of a member reports it. */
  refused(id: number, peer: number): this {
    this.get(id).election.reachability(sid(peer), false, this.now)
    return this
  }

  private send(from: Sid, to: Sid, notification: Notification): void {
    const link = this.link(from, to)
    link.last = notification
    if (link.isUp) link.queue.push(notification)
  }

  /** What `from` says to `to` outside the machine under test: another version, another server. */
  say(from: number, to: number, notification: Partial<Notification>): this {
    const whole = { state: 0, leader: sid(from), zxid: zxid(0, 0), electionEpoch: 1, peerEpoch: 0 } as const
    this.get(to).election.receive(sid(from), { ...whole, version: 2, config: '', ...notification }, this.now)
    return this
  }

  deliver(link: Link): boolean {
    const notification = link.queue.shift()
    if (notification === undefined) return false
    this.get(link.to).election.receive(link.from, notification, this.now)
    return true
  }

  /** Delivers everything, and what that leads to; no time passes. */
  talk(): this {
    for (let steps = 0; this.links.some((link) => this.deliver(link)); steps++) {
      if (steps > 10_000) throw new Error('members talk without end')
    }
    return this
  }

  /** Talks, and lets time pass up to `ms` from now, waking members when they are due. */
  run(ms: number): this {
    const untilMs = this.nowMs + ms
    this.talk()
    for (;;) {
      const up = [...this.citizens.values()].filter(({ isUp }) => isUp)
      const dueMs = Math.min(...up.map(({ election }) => election.nextDeadlineMs))
      if (dueMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, dueMs)
      for (const { election } of up) if (election.nextDeadlineMs <= this.nowMs) election.tick(this.now)
      this.talk()
    }
    this.nowMs = untilMs
    return this
  }

  get allSids(): number[] {
    return this.specs.map((spec) => spec.sid)
  }
}

export function voters(count: number): VoterSpec[] {
  return Array.from({ length: count }, (_, id) => ({ sid: id }))
}
