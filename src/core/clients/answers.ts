/**
 * What this member sends to its clients: replies and events as bytes, and the zxid that they carry.
 *
 * Invariant: the zxids that a client receives never decrease.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { formatSessionId } from '../../protocol/ids.ts'
import { DecodeError } from '../../protocol/reader.ts'
import { WriteLimitError } from '../../protocol/writer.ts'
import { formatZxid, ZERO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import type { Database } from '../../tree/database.ts'
import type { Now, SendEffect } from '../effects.ts'
import { invariant } from '../invariant.ts'
import type { Client } from './client.ts'
import type { Queued } from './outstandingRequests.ts'
import { Replies } from './replies.ts'
import { ServerStatistics } from './statistics.ts'
import type { Throttle } from './throttle.ts'

export class Answers {
  readonly statistics = new ServerStatistics()
  /** The database that is served; null while none is. */
  database: Database | null = null
  private readonly emit: (effect: SendEffect) => void
  private readonly throttle: Throttle
  private readonly replies = new Replies()
  private leastZxid: Zxid = ZERO_ZXID

  constructor(emit: (effect: SendEffect) => void, throttle: Throttle) {
    this.emit = emit
    this.throttle = throttle
  }

  /** @param leastZxid the least zxid that clients are told, even if less was applied */
  open(database: Database, leastZxid: Zxid): void {
    this.database = database
    this.leastZxid = leastZxid
  }

  /** The zxid of this member's state, for clients. */
  get zxid(): Zxid {
    const zxid = this.database?.lastProcessedZxid ?? ZERO_ZXID
    return zxid > this.leastZxid ? zxid : this.leastZxid
  }

  connected(client: Client, response: Parameters<Replies['connect']>[0]): void {
    this.send(client, this.replies.connect(response))
  }

  event(client: Client, type: number, path: string): void {
    this.send(client, this.replies.event(type, path))
  }

  /** A reply outside the order of requests, whose zxid does not count. */
  header(client: Client, xid: number, zxid: Zxid, err: number): void {
    this.send(client, this.replies.header(xid, zxid, err))
  }

  /** As `header`, with a body. */
  body(client: Client, xid: number, err: number, write: Parameters<Replies['withBody']>[2]): void {
    this.send(client, this.replies.withBody(xid, ZERO_ZXID, write, err))
  }

  /**
   * The reply to a request at its place in the order. An error thrown by `write` is the client's mistake, and
   * becomes the reply.
   */
  answer(client: Client, queued: Queued, now: Now, write: Parameters<Replies['withBody']>[2]): void {
    const { zxid } = this
    this.told(client, zxid)
    this.statistics.answered(client, queued.type, queued.xid, queued.atMs, now)
    this.send(client, this.bytesOf(queued.xid, zxid, write))
  }

  /** As `answer`, with a known error and this zxid. */
  refuse(client: Client, { xid }: Queued, zxid: Zxid, err: number): void {
    this.told(client, zxid)
    this.header(client, xid, zxid, err)
  }

  /** The reply to a write. `refusal` replaces the error of the transaction, unless it is Ok. */
  written(client: Client, queued: Queued, result: Parameters<Replies['written']>[2], now: Now): void {
    const { xid, type, atMs, refusal } = queued
    this.told(client, result.zxid)
    this.statistics.answered(client, type, xid, atMs, now)
    // The results of a failed multi name what failed.
    const isRefused = refusal !== ErrorCode.Ok && result.err !== ErrorCode.Ok && result.multi === null
    if (isRefused) this.header(client, xid, result.zxid, refusal)
    else this.send(client, this.replies.written(xid, type, result))
  }

  private bytesOf(xid: number, zxid: Zxid, write: Parameters<Replies['withBody']>[2]): Buffer {
    try {
      return this.replies.withBody(xid, zxid, write)
    } catch (error) {
      if (error instanceof KeeperError) return this.replies.header(xid, zxid, error.code)
      if (error instanceof DecodeError || error instanceof WriteLimitError)
        return this.replies.header(xid, zxid, ErrorCode.MarshallingError)
      throw error
    }
  }

  private told(client: Client, zxid: Zxid): void {
    invariant(
      zxid >= client.lastZxid,
      () =>
        `${formatSessionId(client.sessionId)} would be told ${formatZxid(zxid)} after ${formatZxid(client.lastZxid)}`,
    )
    client.lastZxid = zxid
  }

  private send(client: Client, bytes: Buffer): void {
    client.statistics.sent += 1
    this.statistics.sent += 1
    this.emit({ kind: 'reply', connection: client.connection, bytes })
    // A connect response has its protocol version, 0, where others have their xid.
    this.throttle.answered(client, bytes.readInt32BE(4))
  }
}
