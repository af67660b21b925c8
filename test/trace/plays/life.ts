/**
 * An ensemble's life: elections, sessions, writes through every member, members and leaders that end and
 * return.
 */
import { strict as assert } from 'node:assert'
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { bool, buffer, int, opcode, openAcl } from '../../support/wire.ts'
import type { MemberId } from '../recording/addresses.ts'
import type { Said } from '../recording/recording.ts'
import type { Stage } from '../stage.ts'
import { create, type Play, set, startTogether, sync } from './play.ts'

const MULTI = 14
const CHECK = 13
const EPHEMERAL = 1
const NODE_EXISTS = -110

export const life: Play = {
  name: 'life',
  title: 'elections, sessions, writes, members that go and come back',
  members: 3,
  observers: [],
  set: {},
  act: async (stage) => {
    stage.scene('a cold election, all at once')
    await startTogether(stage, [1, 2, 3], 3)
    await clients(stage)
    await losses(stage)
  },
}

async function clients(stage: Stage): Promise<void> {
  stage.scene('a session and a write through the leader')
  const leaders = await stage.client(3)
  assert.equal(await create(leaders, '/a', 'one'), 0)
  await stage.settled(3, [1, 2])

  stage.scene('a session through a follower')
  const followers = await stage.client(1)
  await stage.settled(3, [1, 2])

  stage.scene('writes through a follower')
  assert.equal(await create(followers, '/b', 'one'), 0)
  // Apache's follower may apply a COMMIT, and answer, before it has written and acknowledged the proposal
  // itself.
  await stage.settled(3, [1, 2])
  assert.equal(await set(followers, '/b', 'two', 0), 0)
  await stage.settled(3, [1, 2])

  stage.scene('a write that fails')
  assert.equal(await create(followers, '/a', 'again'), NODE_EXISTS)
  await stage.settled(3, [1, 2])

  stage.scene('a multi, and one that fails')
  assert.equal((await followers.call(MULTI, multi(0))).error, 0)
  await stage.settled(3, [1, 2])
  assert.equal((await followers.call(MULTI, multi(7))).error, 0)
  await stage.settled(3, [1, 2])

  stage.scene('a sync through a follower')
  assert.equal(await sync(followers, '/b'), 0)
  // Apache's followers report a session once when it is created, which must be over before the next scene.
  await pinged(stage, [1, 2], null)

  stage.scene('PING, with what a client touches')
  await followers.ping()
  await pinged(stage, [1, 2], 1)

  stage.scene('a session moves to another follower')
  const moved = await stage.client(2, followers)
  assert.equal(await create(moved, '/b/e', '', EPHEMERAL), 0)
  await stage.settled(3, [1, 2])

  stage.scene('a session ends')
  await moved.call(opcode.closeSession)
  await stage.settled(3, [1, 2])
}

async function losses(stage: Stage): Promise<void> {
  stage.scene('a follower is shut down, and a write goes on without it')
  await stage.stop(1)
  const client = await stage.client(3)
  assert.equal(await set(client, '/a', 'two'), 0)
  await stage.settled(3, [2])

  stage.scene('it comes back')
  await stage.start(1)
  await stage.settled(3, [1, 2])

  stage.scene('the leader is killed')
  await stage.kill(3)
  await stage.settled(2, [1])

  stage.scene('the old leader comes back')
  await stage.start(3)
  await stage.settled(2, [1, 3])

  stage.scene('a write under the new leader')
  const other = await stage.client(2)
  assert.equal(await set(other, '/a', 'three'), 0)
  await stage.settled(2, [1, 3])

  stage.scene('the leader is paused')
  await stage.pause(2)
  await stage.settled(3, [1])

  stage.scene('it goes on')
  await stage.resume(2)
  await stage.settled(3, [1, 2])

  stage.scene('the leader is shut down')
  await stage.stop(3)
  await stage.settled(2, [1])

  stage.scene('it comes back, too')
  await stage.start(3)
  await stage.settled(2, [1, 3])

  stage.scene('a leader in whose epoch nothing was written loses its followers')
  for (const id of [1, 3]) stage.cut(2, id)
  await stage.settled(3, [1])

  stage.scene('it finds them again')
  for (const id of [1, 3]) stage.heal(2, id)
  await stage.settled(3, [1, 2])
}

/** Waits until each of these has answered a PING, and one of them with sessions in its answer. */
async function pinged(stage: Stage, learners: readonly MemberId[], touching: MemberId | null): Promise<void> {
  const answers = ({ content, from }: Said, learner: MemberId) =>
    content.kind === 'packet' && content.packet.type === PacketType.ping && from === learner
  for (const learner of learners) {
    await stage.heard(`member ${learner} to answer a PING`, (said) => {
      const { content } = said
      if (!answers(said, learner) || content.kind !== 'packet') return false
      return learner !== touching || (content.packet.data?.length ?? 0) > 0
    })
  }
}

/** A check and a setData of /b, in the form of MultiOperationRecord. */
function multi(version: number): Buffer {
  const head = (type: number, done: boolean) => Buffer.concat([int(type), bool(done), int(-1)])
  return Buffer.concat([
    head(opcode.create, false),
    Buffer.concat([buffer('/b/c'), buffer('part'), openAcl, int(2)]),
    head(CHECK, false),
    Buffer.concat([buffer('/a'), int(version)]),
    head(-1, true),
  ])
}
