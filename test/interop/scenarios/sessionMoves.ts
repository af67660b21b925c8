/**
 * A session with its ephemeral znode moves from a member of one kind to one of the other: because its client
 * wants to, because its member dies, and because the leader dies. Requests that still use it at its former
 * member are refused.
 */
import { expect } from 'vitest'
import { create, Flag, getData, setData, sync } from '../../conformance/operations.ts'
import type { RawSession } from '../../conformance/rawSession.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { acrossKinds, oneOfEachKind } from '../kinds.ts'
import type { MixedEnsemble, MixedMember } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

export const sessionMoves: Scenario = {
  name: 'sessionMoves',
  title: 'a session moves, outlives its member and the leader',
  where: [...THREES, ...FIVES.slice(0, 1), 'AZZaz'],
  core: ['ZAZ', 'AZA'],
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const leader of oneOfEachKind(ensemble.voters)) {
      for (const [from, to] of acrossKinds(ensemble.members)) {
        await ensemble.lead(leader.id)
        await movesAtWill(ensemble, from, to)
        await outlivesItsMember(ensemble, from, to)
      }
      await ensemble.lead(leader.id)
      const heir = ensemble.voters.find(({ engine }) => engine !== leader.engine) as MixedMember
      await outlivesItsMember(ensemble, leader, heir)
    }
  },
}

async function movesAtWill(ensemble: MixedEnsemble, from: MixedMember, to: MixedMember): Promise<void> {
  const path = `/moves-from-${from.id}-to-${to.id}-led-by-${(await ensemble.leader())?.id}`
  const before = await ensemble.session(from.id)
  await before.must(create(path, { flags: Flag.ephemeral }))
  const after = await continued(ensemble, before, to)
  // The session's old connection may get the error that it moved, or be closed at once.
  expect(['SessionMoved', 'closed']).toContain((await before.do(setData(path))).outcome)
  await before.drop()
  await after.must(setData(path, 'from its new place', 0))
  await endsEverywhere(ensemble, after, path)
}

/** The member is killed; if it is the leader, there is another one before the session continues. */
async function outlivesItsMember(ensemble: MixedEnsemble, from: MixedMember, to: MixedMember): Promise<void> {
  const path = `/outlives-${from.id}-at-${to.id}-led-by-${(await ensemble.leader())?.id}`
  const before = await ensemble.session(from.id)
  await before.must(create(path, { flags: Flag.ephemeral, data: 'mine' }))
  await ensemble.kill(from.id)
  await ensemble.waitUntilServing()
  const after = await continued(ensemble, before, to)
  await after.must(sync('/'))
  expect(await after.must(getData(path))).toMatchObject({
    data: 'mine',
    stat: { ephemeralOwner: before.sessionId },
  })
  await ensemble.start(from.id)
  await ensemble.waitUntilServing()
  expect((await ensemble.treeOf(from.id)).get(path)?.stat.ephemeralOwner).toBe(before.sessionId)
  await endsEverywhere(ensemble, after, path)
}

async function continued(ensemble: MixedEnsemble, session: RawSession, at: MixedMember): Promise<RawSession> {
  const { sessionId, password, lastZxid: lastZxidSeen } = session
  const next = await ensemble.session(at.id, { sessionId, password, lastZxidSeen })
  expect(next.sessionId).toBe(sessionId)
  return next
}

/** The session is closed where it is now, which need not be where it began. */
async function endsEverywhere(ensemble: MixedEnsemble, session: RawSession, path: string): Promise<void> {
  await session.close()
  expect((await ensemble.sameTrees()).has(path)).toBe(false)
}
