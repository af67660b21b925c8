/**
 * The connections of clients to this member: by connection, by session, and how one ends.
 *
 * Invariant: a session has one connection here at most.
 */
import { formatSessionId, type SessionId } from '../../protocol/ids.ts'
import type { Watches } from '../../tree/watches.ts'
import type { ConnectionId, SendEffect } from '../effects.ts'
import type { AbandonedWrites } from './abandonedWrites.ts'
import type { Client } from './client.ts'
import type { Throttle } from './throttle.ts'

export class Connections {
  private readonly emit: (effect: SendEffect) => void
  private readonly throttle: Throttle
  private readonly watches: Watches
  private readonly abandoned: AbandonedWrites
  private readonly byConnection = new Map<ConnectionId, Client>()
  private readonly bySession = new Map<SessionId, Client>()

  constructor(
    emit: (effect: SendEffect) => void,
    throttle: Throttle,
    watches: Watches,
    abandoned: AbandonedWrites,
  ) {
    this.emit = emit
    this.throttle = throttle
    this.watches = watches
    this.abandoned = abandoned
  }

  get count(): number {
    return this.byConnection.size
  }

  all(): IterableIterator<Client> {
    return this.byConnection.values()
  }

  get(connection: ConnectionId): Client | undefined {
    return this.byConnection.get(connection)
  }

  ofSession(sessionId: SessionId): Client | undefined {
    return this.bySession.get(sessionId)
  }

  add(client: Client): void {
    this.byConnection.set(client.connection, client)
  }

  /** The connection's session is open. */
  opened(client: Client): void {
    this.bySession.set(client.sessionId, client)
  }

  /** Closes the connection after what was already sent. Without effect when it is gone. */
  close(client: Client, reason: string): void {
    if (client.isGone) return
    this.forget(client)
    this.emit({ kind: 'closeClient', connection: client.connection, reason })
  }

  /** The session is closed, and its client has received the reply. */
  endSession(client: Client): void {
    this.close(client, 'its session is closed')
    const session = formatSessionId(client.sessionId)
    this.emit({ kind: 'event', event: { type: 'session-closed', session } })
  }

  /** The connection is gone. Its outstanding writes continue without it. */
  forget(client: Client): void {
    client.isGone = true
    this.byConnection.delete(client.connection)
    if (this.bySession.get(client.sessionId) === client) this.bySession.delete(client.sessionId)
    this.watches.remove(client.connection)
    this.abandoned.add(client.sessionId, client.queue)
    client.queue.clear()
    this.throttle.forget(client)
  }
}
