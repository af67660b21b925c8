/**
 * Damaged disks: a member that is dead loses the end of its log, a file, a bit, or gets files of former
 * times. As long as that is a minority of the voters, nothing that was acknowledged may be lost. A member
 * that refuses to start is resynced as `start --resync` does it: its data is set aside once a quorum of the
 * others serves. Its disk counts as damaged until it serves again.
 */
import { RefusedDisk } from './disk.ts'
import type { SimulatedMember } from './member.ts'
import { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

export interface DamageWorld {
  readonly members: readonly SimulatedMember[]
  readonly schedule: Schedule
  readonly voters: number
  readonly start: (member: SimulatedMember) => void
  readonly trace: (member: SimulatedMember, text: string) => void
}

export interface DamageCounts {
  damaged: number
  refused: number
  resynced: number
}

export class Damage {
  readonly counts: DamageCounts = { damaged: 0, refused: 0, resynced: 0 }
  private readonly world: DamageWorld
  private readonly random: Random
  private readonly damaged = new Set<SimulatedMember>()

  constructor(seed: number, world: DamageWorld) {
    this.world = world
    this.random = new Random(seed + 0x5eed)
  }

  /** In a world where this may happen; elsewhere whole majorities could be without what they had. */
  static isDrawn(seed: number, isForced: boolean): boolean {
    return isForced || new Random(seed + 0xd15c).chance(0.3)
  }

  /** Whether `member` starts; what to do when its disk refuses is planned. */
  starts(member: SimulatedMember): boolean {
    try {
      member.start()
      return true
    } catch (error) {
      if (!(error instanceof RefusedDisk)) throw error
      this.world.trace(member, `refuses its disk: ${error.message}`)
      this.counts.refused += 1
      this.resyncSoon(member)
      return false
    }
  }

  /** After each step: a member that serves holds what is committed. */
  stepped(member: SimulatedMember): void {
    if (this.damaged.size > 0 && member.core?.status.serving) this.damaged.delete(member)
  }

  /** One that has just crashed. */
  crashed(member: SimulatedMember): void {
    if (!this.random.chance(0.4)) return
    this.damaged.add(member)
    const isMinority =
      [...this.damaged].filter(({ sid }) => sid < this.world.voters).length * 2 < this.world.voters
    const what = isMinority ? member.disk.damage(this.random) : null
    if (what === null) {
      if (!isMinority) this.damaged.delete(member)
      return
    }
    this.counts.damaged += 1
    this.world.trace(member, `its disk: ${what}`)
  }

  private resyncSoon(member: SimulatedMember): void {
    const { life } = member
    this.world.schedule.after(100 + this.random.next() * 400, () => {
      if (member.core !== null || member.life !== life) return
      if (!this.mayResync(member)) {
        this.resyncSoon(member)
        return
      }
      this.world.trace(member, 'its data is set aside')
      this.counts.resynced += 1
      member.disk.reset()
      this.world.start(member)
    })
  }

  /** A quorum of all voters serves without it, under one leader. */
  private mayResync(member: SimulatedMember): boolean {
    const others = this.world.members.filter((other) => other !== member && other.sid < this.world.voters)
    const leader = others.find(({ core }) => core?.leader?.isEstablished)
    if (leader === undefined) return false
    const following = others.filter(
      ({ core }) =>
        core?.status.serving &&
        core.status.leader === leader.sid &&
        core.status.epoch === leader.core?.status.epoch,
    )
    return following.length * 2 > this.world.voters
  }
}
