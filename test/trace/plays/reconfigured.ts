/** An observer joins, is informed of writes, and becomes a voter by a reconfig. */
import { strict as assert } from 'node:assert'
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { eventually } from '../../support/eventually.ts'
import { buffer, int, long } from '../../support/wire.ts'
import type { Stage } from '../stage.ts'
import { create, isPacket, type Play, startTogether, sync } from './play.ts'

const RECONFIG = 16
const NULL = int(-1)

export const reconfigured: Play = {
  name: 'reconfigured',
  title: 'an observer joins, and a reconfig makes it a voter',
  members: 4,
  observers: [4],
  // Otherwise only the super user may reconfigure.
  set: { reconfigEnabled: 'true', skipACL: 'yes' },
  act: async (stage) => {
    stage.scene('a cold election, with configs that may change')
    await startTogether(stage, [1, 2, 3], 3)

    stage.scene('an observer joins')
    await stage.start(4)
    await stage.settled(3, [1, 2, 4])

    stage.scene('a session, a write and a sync through the observer')
    const client = await stage.client(4)
    assert.equal(await create(client, '/a', 'one'), 0)
    assert.equal(await sync(client, '/a'), 0)
    await informed(stage)

    stage.scene('a reconfig makes it a voter')
    const leaders = await stage.client(3)
    await informed(stage)
    const joining = buffer(stage.serverLine(4, 'participant'))
    assert.equal((await leaders.call(RECONFIG, joining, NULL, NULL, long(-1n))).error, 0)
    await eventually('member 4 to follow', async () => (await stage.mode(4)) === 'follower')
    await stage.settled(3, [1, 2, 4])

    stage.scene('a write that it votes for')
    assert.equal(await create(leaders, '/b', 'one'), 0)
    await stage.settled(3, [1, 2, 4])
  },
}

/**
 * Waits until followers are settled, and the observer has been informed of as many transactions as they have.
 */
async function informed(stage: Stage): Promise<void> {
  await stage.settled(3, [1, 2])
  const count = (type: number, to: number) => stage.saidHere.filter(isPacket(type, 3, to)).length
  await eventually('the observer to be informed', () => {
    return count(PacketType.inform, 4) >= count(PacketType.commit, 1)
  })
}
