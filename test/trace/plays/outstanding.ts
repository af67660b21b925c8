/**
 * A learner that joins while a write is outstanding, and whose acknowledgement decides. Apache's learner has
 * a race here: its ACK of the write may overtake that of NEWLEADER, whereupon its leader closes the
 * connection (ZOOKEEPER-4646).
 */
import { strict as assert } from 'node:assert'
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { eventually } from '../../support/eventually.ts'
import { create, isPacket, type Play, set, startTogether } from './play.ts'

export const outstanding: Play = {
  name: 'outstanding',
  title: 'a learner that comes while a write is outstanding',
  members: 3,
  observers: [],
  set: {},
  act: async (stage) => {
    stage.scene('two of three, and some history')
    await startTogether(stage, [1, 2], 2)
    const client = await stage.client(2)
    assert.equal(await create(client, '/a', 'one'), 0)
    await stage.settled(2, [1])

    stage.scene('a write that no quorum has when the third comes')
    // Member 3 takes a while to start, and must find the write as young as possible, because its leader does
    // not wait for an ACK for long.
    const introduction = stage.proxy.hold(isPacket(PacketType.followerInfo, 3, 2))
    await stage.start(3)
    await eventually('member 3 to introduce itself', () => introduction.held.length > 0, { everyMs: 5 })
    const unheard = stage.proxy.hold(isPacket(PacketType.ack, 1, 2))
    const write = set(client, '/a', 'two')
    await eventually('member 1 to acknowledge', () => unheard.held.length > 0, { everyMs: 5 })
    introduction.release()
    assert.equal(await write, 0)
    await stage.heard('UPTODATE', isPacket(PacketType.upToDate, 2, 3))
    await stage.heard('the write to be committed', isPacket(PacketType.commit, 2, 3))
    unheard.release()
    await stage.settled(2, [1, 3])
  },
}
