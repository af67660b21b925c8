import { describe, expect, test } from 'vitest'
import type { Now, SendEffect } from '../../../src/core/effects.ts'
import { ExpiryQueue } from '../../../src/core/sessions/expiryQueue.ts'
import { LeaderSessions } from '../../../src/core/sessions/leaderSessions.ts'
import { LearnerSessions } from '../../../src/core/sessions/learnerSessions.ts'
import { sessionPassword } from '../../../src/core/sessions/password.ts'
import { SessionIds } from '../../../src/core/sessions/sessionIds.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import type { SessionId, Sid } from '../../../src/protocol/ids.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'

const at = (monotonicMs: number): Now => ({ monotonicMs, wallMs: 1_700_000_000_000 + monotonicMs })
const a = 1n as SessionId
const b = 2n as SessionId

test('passwords are those of Apache', () => {
  const password = (id: bigint) => sessionPassword(id as SessionId).toString('hex')
  // Seen in traces of Apache 3.8.0.
  expect(password(0x0100000fcc410000n)).toBe('c50309c66eca6a87abd0bf4367c36b6b')
  expect(password(-(2n ** 63n))).toHaveLength(32)
})

describe('session ids', () => {
  test('name their server in the top byte and count up', () => {
    const ids = new SessionIds(3 as Sid, 1_700_000_000_000)
    const first = ids.next()
    expect(first >> 56n).toBe(3n)
    expect(first & 0xffffn).toBe(0n)
    expect(ids.next()).toBe(first + 1n)
  })

  test('are negative for servers above 127', () => {
    const id = new SessionIds(202 as Sid, 1_700_000_000_000).next()
    expect(id).toBeLessThan(0n)
    expect(BigInt.asUintN(64, id) >> 56n).toBe(202n)
  })

  test('of a server that starts later are greater', () => {
    const early = new SessionIds(1 as Sid, 1_700_000_000_000).next()
    expect(new SessionIds(1 as Sid, 1_700_000_000_001).next()).toBe(early + 0x10000n)
  })
})

describe('the expiry queue', () => {
  test('expires at the end of the tick in which the timeout falls, never before it', () => {
    const queue = new ExpiryQueue(2000)
    queue.update(a, 4000, 500)
    expect(queue.nextDeadlineMs).toBe(6000)
    expect(queue.due(5999)).toEqual([])
    expect(queue.due(6000)).toEqual([a])
    expect(queue.size).toBe(0)
    expect(queue.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('a deadline on a tick goes to the next one', () => {
    const queue = new ExpiryQueue(2000)
    queue.update(a, 4000, 0)
    expect(queue.nextDeadlineMs).toBe(6000)
  })

  test('touching moves on', () => {
    const queue = new ExpiryQueue(2000)
    queue.update(a, 4000, 0)
    queue.update(b, 4000, 0)
    queue.update(a, 4000, 3000)
    expect(queue.due(6000)).toEqual([b])
    expect(queue.nextDeadlineMs).toBe(8000)
    queue.remove(a)
    expect(queue.due(1e9)).toEqual([])
  })

  test('a shorter timeout moves back', () => {
    const queue = new ExpiryQueue(2000)
    queue.update(a, 40_000, 0)
    queue.update(a, 4000, 1000)
    expect(queue.nextDeadlineMs).toBe(6000)
    expect(queue.due(6000)).toEqual([a])
  })
})

describe('the sessions of a leader', () => {
  function leading() {
    const effects: SendEffect[] = []
    const sessions = new LeaderSessions(2000, (effect) => effects.push(effect))
    sessions.restart(new Map([[a, 4000]]), at(0))
    return { sessions, effects }
  }

  test('a new leader gives every session its whole timeout', () => {
    const { sessions } = leading()
    expect(sessions.nextDeadlineMs).toBe(6000)
    sessions.restart(new Map([[a, 4000]]), at(5000))
    expect(sessions.nextDeadlineMs).toBe(10_000)
    sessions.stop()
    expect(sessions.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('expiry is a closeSession with cxid 0, once, and ends the session for its client', () => {
    const { sessions, effects } = leading()
    expect(sessions.check(a, 'local')).toBe(ErrorCode.Ok)
    expect(sessions.expire(at(5999))).toEqual([])
    expect(sessions.expire(at(6000))).toMatchObject([{ sessionId: a, cxid: 0, type: OpCode.closeSession }])
    expect(effects).toMatchObject([{ event: { type: 'session-expired', session: '0x1' } }])
    expect(sessions.expire(at(99_999))).toEqual([])
    expect(sessions.touch(a, at(6001))).toBe(false)
    expect(sessions.check(a, 'local')).toBe(ErrorCode.SessionExpired)
    expect(sessions.takeOver(a, 7, at(6001))).toBe('expired')
  })

  test('who writes first owns it; who loses it is told that it has moved', () => {
    const { sessions } = leading()
    expect(sessions.check(a, 'local')).toBe(ErrorCode.Ok)
    expect(sessions.check(a, 7)).toBe(ErrorCode.SessionMoved)
    expect(sessions.takeOver(a, 7, at(1))).toBe('left')
    expect(sessions.check(a, 7)).toBe(ErrorCode.Ok)
    expect(sessions.check(a, 'local')).toBe(ErrorCode.SessionMoved)
    expect(sessions.check(b, 'local')).toBe(ErrorCode.SessionExpired)
  })

  test('the timeout that a client agreed on when it came back counts', () => {
    const { sessions } = leading()
    sessions.takeOver(a, 'local', at(0), 20_000)
    expect(sessions.nextDeadlineMs).toBe(22_000)
  })
})

test('a learner reports each session that was used since it was asked last, once', () => {
  const sessions = new LearnerSessions()
  sessions.touch(a, 4000)
  sessions.touch(b, 8000)
  sessions.touch(a, 4000)
  expect(sessions.drain()).toEqual([
    { sessionId: a, timeOut: 4000 },
    { sessionId: b, timeOut: 8000 },
  ])
  expect(sessions.drain()).toEqual([])
})
