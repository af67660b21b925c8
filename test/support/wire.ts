/**
 * The few client frames that tests and benchmarks send, packed by hand from the protocol's description: a
 * second opinion on `src/protocol` that is not built on it. Every frame is an int32 length and a payload,
 * big-endian.
 */

export const opcode = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  ping: 11,
  closeSession: -11,
} as const

export function int(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

export function bool(value: boolean): Buffer {
  return Buffer.from([value ? 1 : 0])
}

/** A jute buffer or string: int32 length + bytes. */
export function buffer(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([int(bytes.length), bytes])
}

/** The parts after their common length. */
export function frame(...parts: readonly Buffer[]): Buffer {
  return buffer(Buffer.concat(parts))
}

export function connectRequest(
  sessionTimeoutMs: number,
  session: { id: bigint; password: Buffer } = { id: 0n, password: Buffer.alloc(16) },
): Buffer {
  const { id, password } = session
  return frame(int(0), long(0n), int(sessionTimeoutMs), long(id), buffer(password), bool(false))
}

export function request(xid: number, type: number, ...body: readonly Buffer[]): Buffer {
  return frame(int(xid), int(type), ...body)
}

/** [world:anyone:cdrwa] */
export const openAcl = Buffer.concat([int(1), int(31), buffer('world'), buffer('anyone')])

export function createBody(path: string, data: Buffer, flags = 0): Buffer {
  return Buffer.concat([buffer(path), buffer(data), openAcl, int(flags)])
}

/** getData, getChildren and exists without a watch. */
export function readBody(path: string): Buffer {
  return Buffer.concat([buffer(path), bool(false)])
}

export function setDataBody(path: string, data: Buffer, version = -1): Buffer {
  return Buffer.concat([buffer(path), buffer(data), int(version)])
}
