import { describe, expect, test } from 'vitest'
import type { Now } from '../../../src/core/effects.ts'
import { ReadOnlyMode } from '../../../src/core/readOnly.ts'
import type { Request } from '../../../src/core/requests/request.ts'
import { ClosedSessions } from '../../../src/core/sessions/closedSessions.ts'
import { createsEphemeral } from '../../../src/core/sessions/ephemeralCreate.ts'
import { LeaderSessions } from '../../../src/core/sessions/leaderSessions.ts'
import { LearnerSessions } from '../../../src/core/sessions/learnerSessions.ts'
import { LocalSessions } from '../../../src/core/sessions/localSessions.ts'
import { MemberSessions, type SessionRole } from '../../../src/core/sessions/memberSessions.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import type { SessionId, Sid } from '../../../src/protocol/ids.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'
import type { Transaction } from '../../../src/protocol/transaction.ts'
import { ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import { create, create2, multi, remove, setData } from '../requests/conversation.ts'

const TICK_MS = 1000
const at = (monotonicMs: number): Now => ({ monotonicMs, wallMs: 1_700_000_000_000 + monotonicMs })
/** Of server 1, and of server 2. */
const own = ((1n << 56n) + 5n) as SessionId
const foreign = ((2n << 56n) + 5n) as SessionId

function member(role: SessionRole, { enabled = true, upgrading = true } = {}) {
  const submitted: Request[] = []
  const asked: SessionId[] = []
  const globals = new Set<SessionId>()
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
    isGlobal: (id) => globals.has(id),
    submit: (request) => submitted.push(request),
    ask: (id) => asked.push(id),
  })
  sessions.open(role)
  return { sessions, local, leaderSessions, learnerSessions, submitted, asked, globals }
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
    ['standalone', true, 'asked'],
    ['leader', false, 'asked'],
    ['learner', false, 'asked'],
    ['readOnly', false, 'refused'],
  ] as const)('at a %s, with local sessions %s: %s', (role, enabled, outcome) => {
    const { sessions, submitted } = member(role, { enabled })
    expect(sessions.create(own, 4000, at(0))).toBe(outcome)
    expect(sessions.isLocal(own)).toBe(outcome === 'valid')
    const wanted = outcome === 'asked' ? [{ sessionId: own, cxid: 0, type: OpCode.createSession }] : []
    expect(submitted).toMatchObject(wanted)
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
    expect(learner.asked).toEqual([foreign])
    const { sessions, leaderSessions } = member('leader')
    expect(sessions.resume(foreign, 4000, at(0))).toBe('expired')
    leaderSessions.add(foreign, 4000, 9, at(0))
    expect(sessions.resume(foreign, 4000, at(0))).toBe('valid')
    expect(leaderSessions.check(foreign, 'local')).toBe(ErrorCode.Ok)
    expect(leaderSessions.check(foreign, 9)).toBe(ErrorCode.SessionMoved)
  })

  test('at a read-only member is its own, or a guest where nobody is kept', () => {
    const keeping = member('readOnly')
    keeping.globals.add(foreign)
    expect(keeping.sessions.refuses(foreign)).toBe(true)
    expect(keeping.sessions.refuses(own)).toBe(false)
    expect(keeping.sessions.resume(own, 4000, at(0))).toBe('expired')
    expect(member('readOnly', { enabled: false }).sessions.resume(own, 4000, at(0))).toBe('valid')
  })
})

describe('an upgrade', () => {
  const ephemeral = create('/a', '', 1)

  test('sends createSession, with the first timeout, before what needs it', () => {
    const { sessions, submitted } = member('learner')
    sessions.create(own, 8000, at(0))
    sessions.resume(own, 2000, at(0))
    expect(sessions.submit(request(own, create('/plain', '')))).toBe(ErrorCode.Ok)
    expect(sessions.isLocal(own)).toBe(true)
    expect(sessions.submit(request(own, ephemeral))).toBe(ErrorCode.Ok)
    expect(sessions.isLocal(own)).toBe(false)
    sessions.submit(request(own, ephemeral))
    expect(submitted.map(({ type, cxid }) => [type, cxid])).toEqual([
      [OpCode.create, 7],
      [OpCode.createSession, 0],
      [OpCode.create, 7],
      [OpCode.create, 7],
    ])
    expect(submitted[1]?.body?.readInt32BE(0)).toBe(8000)
  })

  test('that is not allowed lets the request fail, and says why', () => {
    const { sessions, submitted } = member('learner', { upgrading: false })
    sessions.create(own, 8000, at(0))
    expect(sessions.submit(request(own, ephemeral))).toBe(ErrorCode.EphemeralOnLocalSession)
    expect(submitted).toMatchObject([{ type: OpCode.create, refusal: ErrorCode.EphemeralOnLocalSession }])
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
    const moved: SessionId[] = []
    leaderSessions.onMovedAway = (id) => moved.push(id)
    leaderSessions.add(foreign, 4000, 'local', at(0))
    leaderSessions.takeOver(foreign, 'local', at(0))
    leaderSessions.takeOver(foreign, 9, at(0))
    leaderSessions.takeOver(foreign, 10, at(0))
    expect(moved).toEqual([foreign])
  })
})

describe('read-only mode', () => {
  function mode(isEnabled: boolean, tickTimeMs = 1000) {
    const said: string[] = []
    const readOnly = new ReadOnlyMode({
      isEnabled,
      tickTimeMs,
      open: () => said.push('open'),
      close: () => said.push('close'),
    })
    return { readOnly, said }
  }

  test.each([
    [200, 2000],
    [3000, 3000],
  ])('with ticks of %i ms begins after %i ms without a leader', (tickTimeMs, graceMs) => {
    const { readOnly, said } = mode(true, tickTimeMs)
    readOnly.looking(at(100))
    expect(readOnly.nextDeadlineMs).toBe(100 + graceMs)
    readOnly.tick(at(99 + graceMs))
    expect(said).toEqual([])
    readOnly.tick(at(100 + graceMs))
    readOnly.tick(at(200 + graceMs))
    expect(said).toEqual(['open'])
    expect(readOnly.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
    readOnly.decided()
    readOnly.decided()
    expect(said).toEqual(['open', 'close'])
  })

  test('an election that is decided in time leaves no trace', () => {
    const { readOnly, said } = mode(true)
    readOnly.looking(at(0))
    readOnly.decided()
    readOnly.tick(at(10_000))
    expect(said).toEqual([])
  })

  test('is off unless asked for', () => {
    const { readOnly, said } = mode(false)
    readOnly.looking(at(0))
    readOnly.tick(at(10_000))
    expect(said).toEqual([])
  })
})
