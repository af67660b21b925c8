/** The votes that a scene shows, where members are faster than their queues. */
import { expect, it } from 'vitest'
import type { Notification } from '../../src/core/election/notification.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import { PacketType, ServerState } from '../../src/protocol/opcodes.ts'
import { makeZxid, ZERO_ZXID } from '../../src/protocol/zxid.ts'
import { electionLines } from './normal/election.ts'
import { Names } from './normal/names.ts'
import { Recording } from './recording/recording.ts'

const { looking, following } = ServerState

/** Member 1 votes for itself, then for 3, and dials 3. `toThree`: what it sent to 3 last. */
function linesWith(toThree: Partial<Notification>): string[] {
  const recording = new Recording()
  recording.scene('an election')
  const say = (to: number, vote: Partial<Notification>) => {
    const notification: Notification = {
      state: looking,
      leader: 3 as Sid,
      zxid: ZERO_ZXID,
      electionEpoch: 1,
      peerEpoch: 0,
      version: 2,
      config: 'version=0',
      ...vote,
    }
    const content = { kind: 'notification', notification } as const
    recording.frame(recording.conversation('election', to, 1), 1, { content, raw: Buffer.alloc(0) })
  }
  for (const to of [2, 3]) say(to, { leader: 1 as Sid })
  say(2, {})
  say(3, toThree)
  const packet = { type: PacketType.followerInfo, zxid: makeZxid(0, 0), data: null, authInfo: null }
  const content = { kind: 'packet', packet } as never
  recording.frame(recording.conversation('quorum', 1, 3), 1, { content, raw: Buffer.alloc(0) })
  return electionLines(recording.said, new Names(new Map())).map(({ text }) => text)
}

it('are the last ones, also where the answer of a member that has settled took the place of its vote', () => {
  expect(linesWith({})[1]).toMatch(/^1 > 3 LOOKING round 1: 3/)
  expect(linesWith({ state: following })).toEqual(linesWith({}))
  expect(linesWith({ state: following, leader: 2 as Sid })).not.toEqual(linesWith({}))
})
