import { describe, expect, test } from 'vitest'
import { ReadOnlyMode } from '../../../src/core/clients/readOnly.ts'
import type { Now } from '../../../src/core/effects.ts'
import { type Request, sessionCreation } from '../../../src/core/request.ts'
import { ClosedSessions } from '../../../src/core/sessions/closedSessions.ts'
import { createsEphemeral } from '../../../src/core/sessions/ephemeralCreate.ts'
import { LeaderSessions } from '../../../src/core/sessions/leaderSessions.ts'
import { LearnerSessions } from '../../../src/core/sessions/learnerSessions.ts'
import { LocalSessions } from '../../../src/core/sessions/localSessions.ts'
import { MemberSessions, type SessionRole } from '../../../src/core/sessions/memberSessions.ts'
import * as packets from '../../../src/core/zab/packets.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import type { SessionId, Sid } from '../../../src/protocol/ids.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'
import type { QuorumPacket } from '../../../src/protocol/records/quorum.ts'
import type { Transaction } from '../../../src/protocol/transaction.ts'
import { ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import { create, create2, multi, remove, setData } from '../requests/conversation.ts'

const TICK_MS = 1000
const at = (monotonicMs: number): Now => ({ monotonicMs, wallMs: 1_700_000_000_000 + monotonicMs })
/** Of server 1, and of server 2. */
const own = ((1n << 56n) + 5n) as SessionId
const foreign = ((2n << 56n) + 5n) as SessionId

function member(role: SessionRole, { enabled = true, upgrading = true } = {}) {
  const sent: QuorumPacket[] = []
  const database = Database.initial()
  const local = new LocalSessions(TICK_MS)
  const scope = { sid: 1 as Sid, sessions: local, underWayMs: 6 * TICK_MS }
  const leaderSessions = new LeaderSessions(TICK_MS, () => {}, enabled ? scope : null)
  leaderSessions.restart(new Map(), at(0))
  const learnerSessions = new LearnerSessions()
  const sessions = new MemberSessions({
    tickTimeMs: TICK_MS,
    options: { enabled, upgrading },
    leaderSessions,
    learnerSessions,
    local,
    replica: { database },
    emit: (effect) => {
      if (effect.kind === 'toLeader') sent.push(effect.packet)
    },
  })
  sessions.open(role)
  return { sessions, local, leaderSessions, learnerSessions, sent, database }
}

function request(sessionId: SessionId, { type, body }: { type: number; body: Buffer }): Request {
  return { sessionId, cxid: 7, type, body, authInfo: [], owner: 'local' }
}

const touchable = (sessionId: SessionId, timeoutMs = 4000) => ({
  sessionId,
  timeoutMs,
  touchedBucket: Number.NEGATIVE_INFINITY,
  touchedGeneration: 0,
})

describe('a new session', () => {
  test.each([
    ['leader', true, 'valid'],
    ['learner', true, 'valid'],
    ['readOnly', true, 'valid'],
    ['standalone', true, 'createSession'],
    ['leader', false, 'createSession'],
    ['learner', false, 'createSession'],
    ['readOnly', false, 'refused'],
  ] as const)('at a %s, with local sessions %s: %s', (role, enabled, outcome) => {
    const { sessions } = member(role, { enabled })
    const creation = sessions.create(own, 4000, at(0))
    if (outcome === 'createSession')
      expect(creation).toMatchObject({ sessionId: own, cxid: 0, type: OpCode.createSession })
    else expect(creation).toBe(outcome)
    expect(sessions.isLocal(own)).toBe(outcome === 'valid')
  })
})

describe('a session that comes back', () => {
  test('goes on where it is local, also after that member has agreed on another timeout', () => {
    const { sessions, local } = member('learner')
    sessions.create(own, 8000, at(0))
    expect(sessions.resume(own, 2000, at(0))).toBe('valid')
    expect(local.expire(at(2999))).toEqual([])
    expect(local.expire(at(3000))).toEqual([own])
  })

  test('is asked of the leader by a learner, and looked up by a leader', () => {
    const learner = member('learner')
    expect(learner.sessions.resume(foreign, 4000, at(0))).toBe('asked')
    expect(learner.sent).toEqual([packets.revalidate(foreign, 4000)])
    const { sessions, leaderSessions } = member('leader')
    expect(sessions.resume(foreign, 4000, at(0))).toBe('expired')
    leaderSessions.add(foreign, 4000, 9, at(0))
    expect(sessions.resume(foreign, 4000, at(0))).toBe('valid')
    expect(leaderSessions.check(foreign, 'local')).toBe(ErrorCode.Ok)
    expect(leaderSessions.check(foreign, 9)).toBe(ErrorCode.SessionMoved)
  })

  test('at a read-only member is its own, or a guest where nobody is kept', () => {
    const keeping = member('readOnly')
    keeping.database.sessions.set(foreign, 4000)
    expect(keeping.sessions.refuses(foreign)).toBe(true)
    expect(keeping.sessions.refuses(own)).toBe(false)
    expect(keeping.sessions.resume(own, 4000, at(0))).toBe('expired')
    expect(member('readOnly', { enabled: false }).sessions.resume(own, 4000, at(0))).toBe('valid')
  })
})

describe('an upgrade', () => {
  const ephemeral = create('/a', '', 1)

  test('sends createSession, with the first timeout, before what needs it', () => {
    const { sessions } = member('learner')
    sessions.create(own, 8000, at(0))
    sessions.resume(own, 2000, at(0))
    const plain = request(own, create('/plain', ''))
    expect(sessions.upgraded(plain)).toEqual([plain])
    expect(sessions.isLocal(own)).toBe(true)
    const needing = request(own, ephemeral)
    expect(sessions.upgraded(needing)).toEqual([sessionCreation(own, 8000), needing])
    expect(sessions.isLocal(own)).toBe(false)
    expect(sessions.upgraded(needing)).toEqual([needing])
  })

  test('that is not allowed lets the request fail, and says why', () => {
    const { sessions } = member('learner', { upgrading: false })
    sessions.create(own, 8000, at(0))
    const refused = { ...request(own, ephemeral), refusal: ErrorCode.EphemeralOnLocalSession }
    expect(sessions.upgraded(request(own, ephemeral))).toEqual([refused])
    expect(sessions.isLocal(own)).toBe(true)
  })

  test('is called for by whatever creates an ephemeral node', () => {
    const needs = ({ type, body }: { type: number; body: Buffer }) => createsEphemeral(type, body)
    expect(
      [ephemeral, create('/a', '', 3), create2('/a', '', 1), multi(remove('/b'), ephemeral)].map(needs),
    ).toEqual([true, true, true, true])
    expect(
      [create('/a'), create('/a', '', 2), create('/a', '', 4), setData('/a', ''), multi(create('/a'))].map(
        needs,
      ),
    ).toEqual([false, false, false, false, false])
    expect(createsEphemeral(OpCode.create, Buffer.from('00000009', 'hex'))).toBe(false)
    expect(createsEphemeral(OpCode.multi, Buffer.alloc(0))).toBe(false)
    expect(createsEphemeral(OpCode.create, null)).toBe(false)
  })
})

describe('touching', () => {
  test('keeps local sessions here, and reports global ones to the leader once after each of its questions', () => {
    const { sessions, learnerSessions } = member('learner')
    sessions.create(own, 4000, at(0))
    const local = touchable(own)
    expect(sessions.touch(local, at(3900))).toBe(true)
    expect(sessions.expire(at(7000))).toEqual([])
    const global = touchable(foreign)
    for (const ms of [10, 20, 30]) expect(sessions.touch(global, at(ms))).toBe(true)
    expect(learnerSessions.drain()).toEqual([{ sessionId: foreign, timeOut: 4000 }])
    // In the same bucket, but asked again.
    sessions.touch(global, at(40))
    expect(learnerSessions.drain()).toHaveLength(1)
    expect(learnerSessions.drain()).toEqual([])
  })

  test('counts to the last request: a session never ends before its timeout', () => {
    const { sessions, leaderSessions } = member('leader', { enabled: false })
    leaderSessions.add(own, 4000, 'local', at(0))
    const client = touchable(own)
    for (let ms = 0; ms <= 2900; ms += 100) sessions.touch(client, at(ms))
    expect(leaderSessions.nextDeadlineMs).toBe(7000)
  })

  test('a session that is ending does nothing', () => {
    const { sessions, leaderSessions } = member('leader', { enabled: false })
    leaderSessions.add(own, 4000, 'local', at(0))
    const client = touchable(own)
    expect(sessions.touch(client, at(0))).toBe(true)
    leaderSessions.markClosing(own)
    expect(sessions.touch(client, at(0))).toBe(false)
    expect(sessions.touch(client, at(0))).toBe(false)
  })
})

describe('a leader where members have local sessions', () => {
  const closing = (clientId: SessionId): Transaction => ({
    header: { clientId, cxid: 0, zxid: ZERO_ZXID, time: 0, type: OpCode.closeSession },
    body: { type: OpCode.closeSession, record: { paths2Delete: [] } },
    digest: undefined,
  })

  test('takes sessions it does not know for those of others, but not for global ones', () => {
    const { leaderSessions, local } = member('leader')
    expect(leaderSessions.check(foreign, 9)).toBe(ErrorCode.Ok)
    expect(leaderSessions.checkGlobal(foreign, 9)).toBe(ErrorCode.SessionExpired)
    // Its own it knows.
    expect(leaderSessions.check(own, 'local')).toBe(ErrorCode.SessionExpired)
    local.add(own, 4000, at(0))
    expect(leaderSessions.check(own, 'local')).toBe(ErrorCode.Ok)
    expect(leaderSessions.check(own, 9)).toBe(ErrorCode.SessionMoved)
  })

  test('remembers which have ended while a write may be under way', () => {
    const { leaderSessions } = member('leader')
    leaderSessions.add(foreign, 4000, 9, at(0))
    expect(leaderSessions.check(foreign, 9)).toBe(ErrorCode.Ok)
    leaderSessions.markClosing(foreign)
    expect(leaderSessions.check(foreign, 9)).toBe(ErrorCode.SessionExpired)
    leaderSessions.applied(closing(foreign), at(0))
    expect(leaderSessions.check(foreign, 9)).toBe(ErrorCode.SessionExpired)
  })

  test('and then forgets', () => {
    const closed = new ClosedSessions(TICK_MS, 6000)
    closed.add(own, at(0))
    closed.add(foreign, at(6000))
    expect([closed.has(own), closed.has(foreign)]).toEqual([true, true])
    closed.add(foreign, at(8000))
    expect([closed.has(own), closed.has(foreign)]).toEqual([false, true])
  })

  test('an upgrade does not bring back a session that is ending', () => {
    const { leaderSessions } = member('leader')
    expect(leaderSessions.add(foreign, 4000, 9, at(0))).toBe(true)
    leaderSessions.markClosing(foreign)
    expect(leaderSessions.add(foreign, 4000, 9, at(0))).toBe(false)
    expect(leaderSessions.check(foreign, 9)).toBe(ErrorCode.SessionExpired)
  })

  test('says whose client has moved away from it', () => {
    const { leaderSessions } = member('leader')
    leaderSessions.add(foreign, 4000, 'local', at(0))
    const owners = ['local', 9, 10] as const
    const taken = owners.map((owner) => leaderSessions.takeOver(foreign, owner, at(0)))
    expect(taken).toEqual(['kept', 'left', 'kept'])
  })
})

describe('read-only mode', () => {
  test.each([
    [200, 2000],
    [3000, 3000],
  ])('with ticks of %i ms begins after %i ms without a leader', (tickTimeMs, graceMs) => {
    const readOnly = new ReadOnlyMode(true, tickTimeMs)
    readOnly.looking(at(100))
    expect(readOnly.nextDeadlineMs).toBe(100 + graceMs)
    const begins = [99, 100, 200].map((afterMs) => readOnly.begins(at(afterMs + graceMs)))
    expect(begins).toEqual([false, true, false])
    expect(readOnly.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
    expect([readOnly.ends(), readOnly.ends()]).toEqual([true, false])
  })

  test('an election that is decided in time leaves no trace', () => {
    const readOnly = new ReadOnlyMode(true, 1000)
    readOnly.looking(at(0))
    expect(readOnly.ends()).toBe(false)
    expect(readOnly.begins(at(10_000))).toBe(false)
  })

  test('is off unless asked for', () => {
    const readOnly = new ReadOnlyMode(false, 1000)
    readOnly.looking(at(0))
    expect(readOnly.begins(at(10_000))).toBe(false)
  })
})
