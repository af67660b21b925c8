/** The frames that a write probe exchanges with a member: what it sends, and what it reads of the answers. */

const PATH = '/zookeeper/zk-pseudo-probe'
const SESSION_TIMEOUT_MS = 10_000
const OP_DELETE = 2
const OP_CLOSE = -11
/** The xid of the request that closes the session. */
export const CLOSE_XID = 2

export interface Session {
  id: bigint
  password: Buffer
}

function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** ConnectRequest: protocolVersion, lastZxidSeen, timeOut, sessionId, passwd, readOnly. */
export function connectFrame(session: Session | null): Buffer {
  const body = Buffer.alloc(45)
  body.writeInt32BE(SESSION_TIMEOUT_MS, 12)
  body.writeBigInt64BE(session?.id ?? 0n, 16)
  body.writeInt32BE(16, 24)
  session?.password.copy(body, 28)
  return framed(body)
}

/** ConnectResponse: protocolVersion, timeOut, sessionId, passwd. */
export function readConnectResponse(frame: Buffer): { session: Session; timeoutMs: number } {
  if (frame.length < 20) return { session: { id: 0n, password: Buffer.alloc(16) }, timeoutMs: 0 }
  const password = Buffer.from(frame.subarray(20, 36))
  return { session: { id: frame.readBigInt64BE(8), password }, timeoutMs: frame.readInt32BE(4) }
}

/** RequestHeader (xid, type) and DeleteRequest (path, version -1). */
export const DELETE_FRAME: Buffer = (() => {
  const path = Buffer.from(PATH)
  const body = Buffer.alloc(16 + path.length)
  body.writeInt32BE(1, 0)
  body.writeInt32BE(OP_DELETE, 4)
  body.writeInt32BE(path.length, 8)
  path.copy(body, 12)
  body.writeInt32BE(-1, 12 + path.length)
  return framed(body)
})()

export function closeFrame(): Buffer {
  const body = Buffer.alloc(8)
  body.writeInt32BE(CLOSE_XID, 0)
  body.writeInt32BE(OP_CLOSE, 4)
  return framed(body)
}

/** Cuts a stream of length-prefixed frames. */
export class FrameReader {
  private rest = Buffer.alloc(0)
  private readonly onFrame: (frame: Buffer) => void

  constructor(onFrame: (frame: Buffer) => void) {
    this.onFrame = onFrame
  }

  push(bytes: Buffer): void {
    let rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes])
    while (rest.length >= 4) {
      const end = 4 + rest.readInt32BE(0)
      if (rest.length < end || end < 4) break
      this.onFrame(rest.subarray(4, end))
      rest = rest.subarray(end)
    }
    this.rest = Buffer.from(rest)
  }
}
