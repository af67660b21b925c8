/**
 * The bytes of replies, each after its length, with one allocation for many (NIOServerCnxn.serializeRecord).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { OpCode, SYNC_CONNECTED, Xid } from '../../protocol/opcodes.ts'
import {
  ConnectResponse,
  Create2Response,
  CreateResponse,
  GetDataResponse,
  ReplyHeader,
  SetAclResponse,
  SetDataResponse,
  SyncResponse,
  WatcherEvent,
} from '../../protocol/records/client.ts'
import { Writer } from '../../protocol/writer.ts'
import { NO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import type { TxnResult } from '../../tree/database.ts'
import { writeMultiResults } from '../writes/multi.ts'

/**
 * Limit of a reply's size: a short request can ask for all children of a node, or for the same large nodes
 * many times.
 */
const MOST_BYTES = 128 * 1024 * 1024

export class Replies {
  private readonly writer = new Writer(64 * 1024, MOST_BYTES)
  /** A writer for events alone: setWatches causes events while its reply is being written. */
  private readonly events = new Writer()

  private frame(write: (writer: Writer) => void, writer = this.writer): Buffer {
    const length = writer.reserveInt()
    write(writer)
    writer.patchInt(length, writer.length - 4)
    return writer.take()
  }

  /**
   * A reply whose body is written by `body`; when that throws, nothing is left of it.
   * @throws WriteLimitError, and what `body` throws
   */
  withBody(xid: number, zxid: Zxid, body: (writer: Writer) => void, err: number = ErrorCode.Ok): Buffer {
    try {
      return this.frame((writer) => {
        ReplyHeader.write(writer, { xid, zxid, err })
        body(writer)
      })
    } catch (error) {
      this.writer.discard()
      throw error
    }
  }

  header(xid: number, zxid: Zxid, err: number): Buffer {
    return this.frame((writer) => ReplyHeader.write(writer, { xid, zxid, err }))
  }

  connect(response: ConnectResponse): Buffer {
    return this.frame((writer) => ConnectResponse.write(writer, response))
  }

  event(type: number, path: string): Buffer {
    return this.frame((writer) => {
      ReplyHeader.write(writer, { xid: Xid.notification, zxid: NO_ZXID, err: 0 })
      WatcherEvent.write(writer, { type, state: SYNC_CONNECTED, path })
    }, this.events)
  }

  sync(xid: number, zxid: Zxid, path: string): Buffer {
    return this.withBody(xid, zxid, (writer) => SyncResponse.write(writer, { path }))
  }

  /** The reply to a committed write: `type` is the requested operation, `result` its outcome. */
  written(xid: number, type: number, result: TxnResult): Buffer {
    const { zxid, multi } = result
    // A failed multi has a body like any other: its parts name what went wrong.
    if (multi !== null) return this.withBody(xid, zxid, (writer) => writeMultiResults(writer, multi))
    if (result.err !== 0) return this.header(xid, zxid, result.err)
    return this.withBody(xid, zxid, (writer) => writeResult(writer, type, result))
  }
}

function writeResult(writer: Writer, type: number, { path, stat, config }: TxnResult): void {
  switch (type) {
    case OpCode.create:
      CreateResponse.write(writer, { path: path ?? '' })
      break
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTtl:
      if (stat !== null) Create2Response.write(writer, { path: path ?? '', stat })
      break
    case OpCode.setData:
      if (stat !== null) SetDataResponse.write(writer, { stat })
      break
    case OpCode.reconfig:
      if (stat !== null) GetDataResponse.write(writer, { data: config ?? null, stat })
      break
    case OpCode.setAcl:
      if (stat !== null) SetAclResponse.write(writer, { stat })
      break
  }
}
