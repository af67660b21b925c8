/** A client's requests: typed values become frames, and replies become values or KeeperErrors. */
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import { frameOf } from '../protocol/frames.ts'
import type { Type } from '../protocol/jute.ts'
import { OpCode } from '../protocol/opcodes.ts'
import { DecodeError, type Reader } from '../protocol/reader.ts'
import { RequestHeader, WatchableReadRequest } from '../protocol/records/client.ts'
import type { Writer } from '../protocol/writer.ts'
import { checkWatcher } from './checks.ts'
import type { Chroot } from './chroot.ts'
import type { Session } from './session.ts'
import type { Watcher, WatchKind } from './watches.ts'

export class Requests {
  readonly chroot: Chroot
  private readonly session: Session

  constructor(session: Session, chroot: Chroot) {
    this.session = session
    this.chroot = chroot
  }

  /** The same session's requests, with another chroot. */
  below(chroot: Chroot): Requests {
    return new Requests(this.session, chroot)
  }

  /**
   * Sends one record and receives another.
   * @param path the path that errors name
   * @param response null: the reply has no body
   */
  ask<Q>(type: OpCode, path: string | null, request: Type<Q>, value: Q, response: null): Promise<void>
  ask<Q, R>(type: OpCode, path: string | null, request: Type<Q>, value: Q, response: Type<R>): Promise<R>
  ask<Q, R>(
    type: OpCode,
    path: string | null,
    request: Type<Q>,
    value: Q,
    response: Type<R> | null,
  ): Promise<R | undefined> {
    const write = (writer: Writer) => request.write(writer, value)
    return this.send(type, path, write, (reader) => response?.read(reader))
  }

  /**
   * Sends a read, which leaves a watch if there is a watcher.
   * @param kindOf the kind of the watch, given the reply's error code
   */
  async read<R>(
    type: OpCode,
    path: string,
    response: Type<R>,
    watcher: Watcher | undefined,
    kindOf: (err: number) => WatchKind,
  ): Promise<R> {
    const serverPath = this.chroot.toServer(path)
    if (watcher !== undefined) checkWatcher(watcher)
    const request = { path: serverPath, watch: watcher !== undefined }
    const answered = (err: number) => {
      const isSet = err === ErrorCode.Ok || (err === ErrorCode.NoNode && type === OpCode.exists)
      if (watcher !== undefined && isSet) this.session.watches.add(kindOf(err), serverPath, watcher)
    }
    const write = (writer: Writer) => WatchableReadRequest.write(writer, request)
    return this.send(type, path, write, (reader) => response.read(reader), answered)
  }

  /**
   * @param onAnswer receives the error code before anything that the server sent after this reply is read
   */
  send<R>(
    type: number,
    path: string | null,
    write: (writer: Writer) => void,
    read: (reader: Reader) => R,
    onAnswer?: (err: number) => void,
  ): Promise<R> {
    const xid = this.session.nextXid()
    const frame = frameOf((writer) => {
      RequestHeader.write(writer, { xid, type })
      write(writer)
    })
    return new Promise((resolve, reject) => {
      this.session.call({
        xid,
        frame,
        answered: (err, body) => {
          onAnswer?.(err)
          if (err !== ErrorCode.Ok) reject(new KeeperError(err as ErrorCode, path))
          else settle(() => read(body), resolve, reject)
        },
        failed: (why) => {
          const code = why === 'loss' ? ErrorCode.ConnectionLoss : ErrorCode.SessionExpired
          reject(new KeeperError(code, path))
        },
      })
    })
  }
}

/**
 * Settles a request with its reply. A reply that cannot be read also ends the connection, because what
 * follows it in the stream cannot be trusted.
 */
function settle<R>(read: () => R, resolve: (value: R) => void, reject: (error: unknown) => void): void {
  try {
    resolve(read())
  } catch (error) {
    reject(error)
    if (error instanceof DecodeError) throw error
  }
}
