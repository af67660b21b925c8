/** A client's request on its way to, and through, the member that leads. */
import type { ErrorCode } from '../protocol/errors.ts'
import type { SessionId } from '../protocol/ids.ts'
import { encode, int } from '../protocol/jute.ts'
import { OpCode } from '../protocol/opcodes.ts'
import type { Id } from '../protocol/records/data.ts'
import type { LearnerId } from './effects.ts'

/** Where the request's client is connected: here, or at a learner. */
export type RequestOwner = 'local' | LearnerId

export interface Request {
  readonly sessionId: SessionId
  readonly cxid: number
  /** An OpCode. */
  readonly type: number
  /** The request record's bytes; createSession has its int timeout here. A view, valid for this turn. */
  readonly body: Buffer | null
  readonly authInfo: readonly Id[]
  readonly owner: RequestOwner
  /** The error for creating ephemeral nodes, where it was known before the leader prepares the request. */
  readonly refusal?: ErrorCode
}

/** What makes a session global. */
export function sessionCreation(sessionId: SessionId, timeoutMs: number): Request {
  const body = encode(int, timeoutMs)
  return { sessionId, cxid: 0, type: OpCode.createSession, body, authInfo: [], owner: 'local' }
}
