/** Which sessions a simulated ensemble has, and what must hold of them in the history that it agreed on. */
import type { RequestOptions } from '../../src/core/clients/options.ts'
import type { PeerSettings } from '../../src/core/settings.ts'
import { formatSessionId, type SessionId } from '../../src/protocol/ids.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import type { Transaction } from '../../src/protocol/transaction.ts'
import { formatZxid } from '../../src/protocol/zxid.ts'
import { Violation } from './checks.ts'
import { Random } from './random.ts'

export interface SessionWorld {
  readonly localSessions: NonNullable<RequestOptions['localSessions']>
  readOnlyMode: boolean
}

/** Drawn apart from the rest of the world, so that the same seed has the same faults with any sessions. */
export function drawSessions(seed: number): SessionWorld {
  const random = new Random(Math.imul(seed, 0x9e3779b1))
  const enabled = random.chance(0.4)
  return { localSessions: { enabled, upgrading: random.chance(0.8) }, readOnlyMode: random.chance(0.4) }
}

export function withSessions(settings: PeerSettings, world: SessionWorld): PeerSettings {
  const { localSessions, readOnlyMode } = world
  return { ...settings, readOnlyMode, requests: { ...settings.requests, localSessions } }
}

/**
 * Follows the history: an ephemeral node is made by a session that was created before and is not closed, no
 * session is created twice, and none changes anything after its end.
 * @returns how many sessions were created
 * @throws Violation
 */
export function checkSessions(history: Iterable<Transaction>): number {
  const open = new Set<SessionId>()
  const closed = new Set<SessionId>()
  for (const { header, body } of history) {
    const { clientId, zxid } = header
    const broken = (what: string) =>
      new Violation(`${formatZxid(zxid)}: session ${formatSessionId(clientId)} ${what}`)
    switch (body.type) {
      case OpCode.error:
        break
      case OpCode.createSession:
        if (open.has(clientId) || closed.has(clientId)) throw broken('is created twice')
        open.add(clientId)
        break
      case OpCode.closeSession:
        open.delete(clientId)
        closed.add(clientId)
        break
      default: {
        if (closed.has(clientId)) throw broken('writes after its end')
        const isEphemeral = 'ephemeral' in body.record && body.record.ephemeral
        if (isEphemeral && !open.has(clientId)) throw broken('has an ephemeral node, and was never created')
      }
    }
  }
  return open.size + closed.size
}
