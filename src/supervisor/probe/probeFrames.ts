/** The frames that a write probe exchanges with a member: its requests, and what it reads of the replies. */
import { FrameParser, frameOf } from '../../protocol/frames.ts'
import { NO_SESSION, type SessionId } from '../../protocol/ids.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { DecodeError, Reader } from '../../protocol/reader.ts'
import {
  ConnectRequest,
  ConnectResponse,
  DeleteRequest,
  ReplyHeader,
  RequestHeader,
} from '../../protocol/records/client.ts'
import { ZERO_ZXID } from '../../protocol/zxid.ts'

const PATH = '/zookeeper/zk-pseudo-probe'
const SESSION_TIMEOUT_MS = 10_000
const NO_PASSWORD = Buffer.alloc(16)
/** The xid of the request that closes the session. */
export const CLOSE_XID = 2
/** The limit of a reply's size: replies to a probe are headers and refusals. */
const MOST_BYTES = 4096

export interface Session {
  id: SessionId
  password: Buffer
}

export function connectFrame(session: Session | null): Buffer {
  return frameOf((writer) =>
    ConnectRequest.write(writer, {
      protocolVersion: 0,
      lastZxidSeen: ZERO_ZXID,
      timeOut: SESSION_TIMEOUT_MS,
      sessionId: session?.id ?? NO_SESSION,
      passwd: session?.password ?? NO_PASSWORD,
      readOnly: false,
    }),
  )
}

/** @throws DecodeError */
export function readConnectResponse(frame: Buffer): { session: Session; timeoutMs: number } {
  const { sessionId: id, passwd, timeOut } = ConnectResponse.read(new Reader(frame))
  return { session: { id, password: Buffer.from(passwd ?? NO_PASSWORD) }, timeoutMs: timeOut }
}

/** @throws DecodeError */
export function readReplyHeader(frame: Buffer): ReplyHeader {
  return ReplyHeader.read(new Reader(frame))
}

/** Deletes a node that never exists. */
export const DELETE_FRAME: Buffer = frameOf((writer) => {
  RequestHeader.write(writer, { xid: 1, type: OpCode.delete })
  DeleteRequest.write(writer, { path: PATH, version: -1 })
})

export const CLOSE_FRAME: Buffer = frameOf((writer) =>
  RequestHeader.write(writer, { xid: CLOSE_XID, type: OpCode.closeSession }),
)

/** Hands what a socket receives to `onFrame`, frame by frame; bytes that are no reply end the connection. */
export function readFrames(
  socket: { on(event: 'data', listener: (bytes: Buffer) => void): unknown; destroy(): unknown },
  onFrame: (frame: Buffer) => void,
): void {
  const frames = new FrameParser(MOST_BYTES)
  socket.on('data', (bytes) => {
    try {
      frames.push(bytes, onFrame)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      socket.destroy()
    }
  })
}
