/**
 * A stranger at the quorum port of an established leader. It says that it is one of the leader's live
 * learners, goes as far as a stranger can go without claiming to hold anything, and falls silent or leaves.
 * It must not cost the learner whose id it claims its connection.
 */
import type { PeerCore } from '../../src/core/peer.ts'
import * as packets from '../../src/core/zab/packets.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import { PacketType } from '../../src/protocol/opcodes.ts'
import type { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import type { SimulatedMember } from './member.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import { Violation } from './violation.ts'

export interface ImpostorWorld {
  readonly members: readonly SimulatedMember[]
  readonly random: Random
  readonly schedule: Schedule
  readonly isOver: () => boolean
}

/** Ids of connections that no member's own count reaches. */
const FIRST_ID = 1_000_000

export class Impostor {
  private readonly world: ImpostorWorld
  private lastId = FIRST_ID

  constructor(world: ImpostorWorld) {
    this.world = world
  }

  plan(): void {
    const { random, schedule, isOver } = this.world
    schedule.after(random.next() * random.pick([300, 3000]), () => {
      if (isOver()) return
      this.visit()
      this.plan()
    })
  }

  private visit(): void {
    const { members, random, schedule } = this.world
    const leader = members.find(({ core }) => core?.leader?.isEstablished)
    const core = leader?.core
    if (leader === undefined || core == null) return
    const live = synced(core)
    if (live.length === 0) return
    const claimed = random.pick(live).sid
    this.lastId += 1
    const learner = this.lastId
    const { life } = leader
    const steps: (() => QuorumPacket)[] = [
      () => packets.learnerInfo(PacketType.followerInfo, core.replica.acceptedEpoch, claimed),
      () => packets.ackEpoch(core.replica.lastLogged, core.replica.currentEpoch),
    ]
    leader.input({ kind: 'learnerJoined', learner })
    let delayMs = 0
    for (const step of steps.slice(0, random.between(1, steps.length))) {
      schedule.after(delayMs, () => {
        if (life === leader.life) this.say(leader, core, learner, step())
      })
      delayMs += random.next() * 20
    }
    if (random.chance(0.5))
      schedule.after(delayMs, () => {
        if (life === leader.life) leader.input({ kind: 'learnerLeft', learner })
      })
  }

  private say(leader: SimulatedMember, core: PeerCore, learner: number, packet: QuorumPacket): void {
    const before = synced(core)
    leader.input({ kind: 'learnerPacket', learner, packet })
    // A leader that is none any more has let everybody go.
    if (core.leader === null) return
    const after = synced(core)
    const lost = before.find(({ id }) => !after.some((other) => other.id === id))
    if (lost !== undefined)
      throw new Violation(`a stranger costs server ${lost.sid} its connection to leader ${leader.sid}`)
  }
}

function synced({ leader }: PeerCore): { id: number; sid: Sid }[] {
  return [...(leader?.learnerViews ?? [])].filter(({ phase }) => phase === 'synced')
}
