/**
 * Faults that chance would seldom bring about. What a reconfig could lose, it loses between its proposal and
 * the moment when all have heard that it is in force: while few know who decides. So that is when this one
 * strikes: it chooses who hears the leader and whom that hears, and makes it crash.
 */

import type { PeerCore } from '../../src/core/peer.ts'
import { counterOf, type Zxid } from '../../src/protocol/zxid.ts'
import type { SimulatedMember } from './member.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

export interface AdversaryWorld {
  readonly members: readonly SimulatedMember[]
  readonly network: Network
  readonly random: Random
  readonly schedule: Schedule
  readonly crash: (member: SimulatedMember) => void
  readonly start: (member: SimulatedMember) => void
  readonly isOver: () => boolean
}

type Way = readonly [from: number, to: number]

/** One reconfig, from its proposal on. */
interface Strike {
  readonly version: Zxid
  readonly leader: number
  /**
   * `meanwhile`: only the new voters get what is proposed while it is pending. `latecomer`: a new voter
   * connects while it is pending, and is the only one that hears of the leader once it is in force. `chance`:
   * anything.
   */
  readonly plan: 'meanwhile' | 'latecomer' | 'chance'
  readonly latecomer: number
  isInForce: boolean
  isSilenced: boolean
}

export class Adversary {
  private readonly world: AdversaryWorld
  private strike: Strike | null = null

  constructor(world: AdversaryWorld) {
    this.world = world
  }

  /** After each step of a member, before anybody hears of it. */
  stepped({ core, sid }: SimulatedMember): void {
    if (core === null || core.leader === null || this.world.isOver()) return
    const { committed, isPending } = core.membership
    const { strike } = this
    if (strike === null) {
      if (isPending && core.leader.isEstablished) this.proposed(core, sid)
    } else if (strike.leader === sid) {
      if (committed.version === strike.version && !strike.isInForce) this.activated(strike)
      else this.latecomerSeen(strike, core)
    }
  }

  private proposed({ membership }: PeerCore, leader: number): void {
    const { random, members, network } = this.world
    const { committed, lastSeen } = membership
    if (counterOf(lastSeen.version) === 0) return
    const others = (servers: typeof committed.servers) =>
      servers.filter(({ sid, role }) => role === 'participant' && sid !== leader).map(({ sid }) => sid)
    const next = others(lastSeen.servers)
    const former = others(committed.servers).filter((sid) => !next.includes(sid))
    const isReplaced = former.length > 0 && next.length > 0
    const plan = isReplaced ? random.pick(['meanwhile', 'latecomer', 'chance'] as const) : 'chance'
    const latecomer = isReplaced ? random.pick(next) : -1
    const strike = { version: lastSeen.version, leader, plan, latecomer, isInForce: false, isSilenced: false }
    this.strike = strike
    // It may never be in force.
    this.later(strike, 1000, () => this.end(strike))
    const to = (sids: readonly number[]) => sids.map((sid): Way => [leader, sid])
    const from = (sids: readonly number[]) => sids.map((sid): Way => [sid, leader])
    if (plan === 'meanwhile') {
      const heardAtMs = 1 + random.next() * 4
      const restAtMs = heardAtMs + random.next() * 60
      this.later(strike, heardAtMs, () => network.hold([...to(former), ...from(former), ...from(next)]))
      this.later(strike, restAtMs, () => network.hold([...to(former), ...from(former)]))
      this.later(strike, restAtMs + 5, () => network.hold(to(former)))
    } else if (plan === 'latecomer') {
      network.hold(from(former))
      this.later(strike, random.next() * 3, () => network.breakAllOf(latecomer))
      this.later(strike, 500, () => network.hold([]))
    } else {
      this.later(strike, random.next() * 4, () => this.silence(leader, 0.4, 0.4))
      this.later(strike, random.next() * 60, () => this.silence(leader, 0.4, 0.2))
      for (const { sid } of members)
        if (sid !== leader && random.chance(0.2))
          this.later(strike, random.next() * 4, () => network.breakAllOf(sid))
    }
  }

  /** Few hear of it; then whoever knew is gone for a while. */
  private activated(strike: Strike): void {
    const { random, members, network } = this.world
    strike.isInForce = true
    const { leader, plan, latecomer } = strike
    const all = members.map(({ sid }) => sid).filter((sid) => sid !== leader)
    if (plan === 'chance') this.silence(leader, 0.8, 0.1)
    else
      network.hold(all.filter((sid) => plan !== 'latecomer' || sid !== latecomer).map((sid) => [leader, sid]))
    this.later(strike, random.next() * random.pick([10, 200]), () => this.end(strike))
  }

  /** Once it has its connection back, the reconfig may be committed; once it counts, it hears no more. */
  private latecomerSeen(strike: Strike, { leader }: PeerCore): void {
    if (strike.plan !== 'latecomer') return
    const view = [...(leader?.learnerViews ?? [])].find(({ sid }) => sid === strike.latecomer)
    if (!strike.isInForce && view?.phase === 'promised') this.world.network.hold([])
    if (!strike.isInForce || view?.phase !== 'synced' || strike.isSilenced) return
    strike.isSilenced = true
    this.silence(strike.leader, 1, 0)
  }

  private end(strike: Strike): void {
    const { members, network, random } = this.world
    const member = members[strike.leader] as SimulatedMember
    if (strike.isInForce) {
      this.world.crash(member)
      this.world.schedule.after(random.next() * 2000, () => this.world.start(member))
    }
    network.hold([])
    this.strike = null
  }

  /** Each way from the leader is dumb with one probability, each way to it with the other. */
  private silence(leader: number, outwards: number, inwards: number): void {
    const { random, members, network } = this.world
    const others = members.map(({ sid }) => sid).filter((sid) => sid !== leader)
    network.hold([
      ...others.filter(() => random.chance(outwards)).map((sid): Way => [leader, sid]),
      ...others.filter(() => random.chance(inwards)).map((sid): Way => [sid, leader]),
    ])
  }

  private later(strike: Strike, afterMs: number, act: () => void): void {
    this.world.schedule.after(afterMs, () => {
      if (!this.world.isOver() && this.strike === strike) act()
    })
  }
}
