/** A learner's sync in all its forms, and proposals while it is in progress. */
import { strict as assert } from 'node:assert'
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { eventually } from '../../support/eventually.ts'
import type { MemberId } from '../recording/addresses.ts'
import type { Stage } from '../stage.ts'
import type { TraceClient } from '../traceClient.ts'
import { create, isAckOfEpoch, isPacket, type Play, set } from './play.ts'

export const catchUp: Play = {
  name: 'catchUp',
  title: "a learner's sync: DIFF, TRUNC, SNAP, with proposals meanwhile",
  members: 3,
  observers: [],
  // Otherwise Apache's leader may read a longer DIFF from its log, and no SNAP is sent so soon.
  set: { snapshotSizeFactor: '-1' },
  act: async (stage) => {
    stage.scene('two start, one behind the other')
    await stage.start(1)
    await eventually('member 1 to listen', () => stage.listens(1))
    await stage.start(2)
    await stage.settled(2, [1])

    stage.scene('some history')
    const client = await stage.client(2)
    assert.equal(await create(client, '/a', 'one'), 0)
    await stage.settled(2, [1])

    stage.scene('the third comes late, with nothing')
    await stage.start(3)
    await stage.settled(2, [1, 3])

    await differences(stage, client)
    await whole(stage, client)
    await meanwhile(stage, client)
    await cutOff(stage)
  },
}

async function differences(stage: Stage, client: TraceClient): Promise<void> {
  stage.scene('a follower is cut off, and nothing happens meanwhile: an empty DIFF')
  await rejoined(stage, 3, async () => {})

  stage.scene('a follower is cut off, and two writes happen meanwhile: DIFF')
  await rejoined(stage, 3, async () => {
    assert.equal(await set(client, '/a', 'two'), 0)
    assert.equal(await set(client, '/a', 'three'), 0)
  })
}

/** More transactions than a leader keeps in memory (commitLogCount, at least 500). */
const MANY = 520

async function whole(stage: Stage, client: TraceClient): Promise<void> {
  stage.scene('a follower is cut off, and many writes happen meanwhile: SNAP')
  await rejoined(stage, 3, async () => {
    const writes = Array.from({ length: MANY }, (_, index) => set(client, '/a', String(index)))
    assert.deepEqual([...new Set(await Promise.all(writes))], [0])
  })
}

/** A follower loses its leader, which continues to lead, and finds it again. */
async function rejoined(stage: Stage, id: MemberId, meanwhile: () => Promise<void>): Promise<void> {
  stage.cut(2, id)
  await eventually(`member ${id} to look for a leader`, async () => (await stage.mode(id)) === null)
  await meanwhile()
  stage.heal(2, id)
  await stage.settled(2, [1, 3])
}

/** None of the following could be made to happen without holding back frames. */
async function meanwhile(stage: Stage, client: TraceClient): Promise<void> {
  stage.scene('a write between NEWLEADER and UPTODATE')
  const acks = stage.proxy.hold((said) => isAckOfEpoch(said) && said.from === 3)
  stage.cut(2, 3)
  await eventually('member 3 to look for a leader', async () => (await stage.mode(3)) === null)
  stage.heal(2, 3)
  await eventually('NEWLEADER to be acknowledged', () => acks.held.length > 0, { everyMs: 5 })
  assert.equal(await set(client, '/a', 'four'), 0)
  await stage.heard('the write to be proposed', isPacket(PacketType.proposal, 2, 3))
  if (stage.isApache(2)) await stage.heard('the write to be committed', isPacket(PacketType.commit, 2, 3))
  acks.release()
  await stage.settled(2, [1, 3])
}

async function cutOff(stage: Stage): Promise<void> {
  stage.scene('the leader proposes what nobody hears, and loses its followers')
  const proposals = stage.proxy.hold(isPacket(PacketType.proposal, 2))
  stage.hopelessClient(2)
  await eventually('a proposal to each', () => proposals.held.length >= 2, { everyMs: 5 })
  for (const id of [1, 3]) stage.cut(2, id)
  proposals.release()
  await stage.settled(3, [1])

  stage.scene('it comes back before anything else was written: TRUNC')
  for (const id of [1, 3]) stage.heal(2, id)
  await stage.settled(3, [1, 2])
}
