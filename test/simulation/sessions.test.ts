/**
 * Local sessions and read-only members in simulated ensembles: that they happen, and that the checks would
 * bite.
 */
import { describe, expect, it } from 'vitest'
import type { SessionId } from '../../src/protocol/ids.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import type { Transaction, TxnBody } from '../../src/protocol/transaction.ts'
import { makeZxid } from '../../src/protocol/zxid.ts'
import { checkSessions, drawSessions } from './sessions.ts'
import { simulate } from './world.ts'

describe('sessions of simulated ensembles', () => {
  it('are local, upgraded, or read-only, and hold every check', { timeout: 120_000 }, () => {
    const seeds = Array.from({ length: 400 }, (_, i) => 10_000 + i)
    const upgrading = seeds.filter((seed) => {
      const { enabled, upgrading } = drawSessions(seed).localSessions
      return enabled && upgrading
    })
    // There every session that was created was local before.
    const upgraded = upgrading.slice(0, 40).map((seed) => simulate({ seed }).sessions)
    expect(upgraded.filter((count) => count > 0).length).toBeGreaterThan(20)
    const readOnly = seeds.filter((seed) => {
      const { localSessions, readOnlyMode } = drawSessions(seed)
      return localSessions.enabled && readOnlyMode
    })
    const reads = readOnly.slice(0, 30).reduce((sum, seed) => sum + simulate({ seed }).readOnlyReads, 0)
    expect(reads).toBeGreaterThan(100)
  })
})

describe('the check of sessions', () => {
  const session = 7n as SessionId
  function history(...bodies: readonly TxnBody[]): Transaction[] {
    return bodies.map((body, index) => {
      const zxid = makeZxid(1, index + 1)
      return {
        header: { clientId: session, cxid: index, zxid, time: 0, type: body.type },
        body,
        digest: undefined,
      }
    })
  }
  const create: TxnBody = { type: OpCode.createSession, record: { timeOut: 4000 } }
  const close: TxnBody = { type: OpCode.closeSession, record: { paths2Delete: [] } }
  const node = (ephemeral: boolean): TxnBody => ({
    type: OpCode.create,
    record: { path: '/a', data: null, acl: [], ephemeral, parentCVersion: 1 },
  })

  it('takes what is right', () => {
    expect(checkSessions(history(node(false), create, node(true), close))).toBe(1)
  })

  const wrong: [string, TxnBody[]][] = [
    ['has an ephemeral node', [node(true), create]],
    ['writes after its end', [create, close, node(false)]],
    ['is created twice', [create, close, create]],
  ]
  it.each(wrong)('finds that one %s', (finding, bodies) => {
    expect(() => checkSessions(history(...bodies))).toThrow(finding)
  })
})
