/** Frames of a client, without their lengths. */
import type { SessionId } from '../../src/protocol/ids.ts'
import { encode, type Type } from '../../src/protocol/jute.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { ConnectRequest, CreateRequest, RequestHeader } from '../../src/protocol/records/client.ts'
import { ZERO_ZXID } from '../../src/protocol/zxid.ts'

export const OPEN_ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

export function connectFrame(sessionId = 0n as SessionId, passwd: Buffer | null = Buffer.alloc(16)): Buffer {
  return encode(ConnectRequest, {
    protocolVersion: 0,
    lastZxidSeen: ZERO_ZXID,
    timeOut: 40_000,
    sessionId,
    passwd,
    readOnly: false,
  })
}

export function requestFrame(xid: number, type: number, body: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([encode(RequestHeader, { xid, type }), body])
}

export function frameOf<T>(xid: number, type: number, record: Type<T>, value: T): Buffer {
  return requestFrame(xid, type, encode(record, value))
}

export function createFrame(xid: number, path: string, flags = 0): Buffer {
  return frameOf(xid, OpCode.create, CreateRequest, { path, data: null, acl: OPEN_ACL, flags })
}
