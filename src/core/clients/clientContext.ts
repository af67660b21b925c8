/** What the stages of the client pipeline share. */
import type { Watches } from '../../tree/watches.ts'
import type { SendEffect } from '../effects.ts'
import type { MemberSessions } from '../sessions/memberSessions.ts'
import type { AbandonedWrites } from './abandonedWrites.ts'
import type { Answers } from './answers.ts'
import type { Authenticator } from './authentication.ts'
import type { Connections } from './connections.ts'
import type { RequestOptions } from './options.ts'

export interface ClientContext {
  readonly options: RequestOptions
  readonly sessions: MemberSessions
  readonly authenticator: Authenticator
  readonly watches: Watches
  readonly answers: Answers
  readonly connections: Connections
  readonly abandoned: AbandonedWrites
  readonly emit: (effect: SendEffect) => void
}
