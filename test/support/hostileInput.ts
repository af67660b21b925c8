/** What strangers send to a port, by port: scanners, browsers, broken clients, members of other ensembles. */
import { bool, buffer, connectRequest, frame, int, long, opcode, request } from './wire.ts'

export type PortKind = 'client' | 'election' | 'quorum'

export interface HostileCase {
  name: string
  /**
   * The messages, sent one after the other; each is sent only after something was answered (a session, for
   * example).
   */
  sends: Buffer[]
}

const http = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
const tlsHello = Buffer.from('16030100c8010000c40303', 'hex')
const greetingV1 = long(-65536n)
/** No member of any test ensemble has this id. */
const strangerSid = 99n

const anywhere: HostileCase[] = [
  { name: 'an HTTP request', sends: [http] },
  { name: 'the start of a TLS handshake', sends: [tlsHello] },
  { name: 'nothing at all, and the end', sends: [Buffer.alloc(0)] },
  { name: 'two bytes and the end', sends: [Buffer.from([0, 0])] },
  ...[1, 2, 3].map((seed) => ({ name: `random bytes (${seed})`, sends: [randomBytes(seed, 4096)] })),
]

export const hostileInput: Record<PortKind, HostileCase[]> = {
  client: [
    ...anywhere,
    { name: 'a frame of 2 GiB', sends: [int(0x7fffffff)] },
    {
      name: 'a frame of 2 GiB and its first megabyte',
      sends: [Buffer.concat([int(0x7fffffff), Buffer.alloc(1 << 20)])],
    },
    { name: 'a frame just beyond jute.maxbuffer', sends: [int(0x100000)] },
    { name: 'a frame of negative length', sends: [int(-1)] },
    { name: 'the most negative length', sends: [int(-0x80000000)] },
    { name: 'half a connect request', sends: [connectRequest(10_000).subarray(0, 20)] },
    { name: 'a connect request cut short within its frame', sends: [frame(int(0), long(0n))] },
    { name: 'a session id nobody gave out', sends: [connectRequest(10_000, stranger())] },
    { name: 'a request before any session', sends: [request(1, opcode.getData, buffer('/'), bool(false))] },
    {
      name: 'a second connect request',
      sends: [connectRequest(10_000), connectRequest(10_000)],
    },
    {
      name: 'a second connect request in the same breath',
      sends: [Buffer.concat([connectRequest(10_000), connectRequest(10_000)])],
    },
    {
      name: 'a connect request and half a header in the same breath',
      sends: [Buffer.concat([connectRequest(10_000), frame(int(1))])],
    },
    { name: 'a request of unknown type', sends: [connectRequest(10_000), request(1, 4711)] },
    { name: 'a request without a type', sends: [connectRequest(10_000), frame(int(1))] },
    { name: 'a frame of 2 GiB within a session', sends: [connectRequest(10_000), int(0x7fffffff)] },
    { name: 'a negative frame within a session', sends: [connectRequest(10_000), int(-2)] },
    {
      name: 'a path that claims 2 GiB',
      sends: [connectRequest(10_000), request(1, opcode.getData, int(0x7fffffff), Buffer.from('/a'))],
    },
    {
      name: 'an ACL that claims two billion entries',
      sends: [connectRequest(10_000), request(1, opcode.create, buffer('/a'), buffer('x'), int(0x7fffffff))],
    },
    {
      name: 'a read that ends before its watch flag',
      sends: [connectRequest(10_000), request(1, opcode.exists, buffer('/a'))],
    },
  ],
  election: [
    ...anywhere,
    { name: 'an unknown protocol version', sends: [Buffer.concat([long(-1n), long(1n), buffer('x:1')])] },
    { name: 'an address of 2 GiB', sends: [Buffer.concat([greetingV1, long(0n), int(0x7fffffff)])] },
    { name: 'an address of negative length', sends: [Buffer.concat([greetingV1, long(0n), int(-1)])] },
    { name: 'an address without a port', sends: [greeting(strangerSid, 'localhost')] },
    { name: 'half a greeting', sends: [greeting(strangerSid, '127.0.0.1:1').subarray(0, 14)] },
    { name: 'an unknown id', sends: [greeting(strangerSid, '127.0.0.1:1')] },
    { name: 'an unknown id in the oldest form', sends: [long(strangerSid)] },
    {
      name: 'a notification of 2 GiB',
      sends: [Buffer.concat([greeting(strangerSid, '127.0.0.1:1'), int(0x7fffffff)])],
    },
    {
      name: 'a notification of negative length',
      sends: [Buffer.concat([greeting(strangerSid, '127.0.0.1:1'), int(-5)])],
    },
  ],
  quorum: [
    ...anywhere,
    {
      name: 'a packet whose data claims 2 GiB',
      sends: [Buffer.concat([int(11), long(0n), int(0x7fffffff)])],
    },
    {
      name: 'a packet whose data has a negative length',
      sends: [Buffer.concat([int(11), long(0n), int(-7)])],
    },
    { name: 'a packet of unknown type', sends: [packet(4711, 0n, Buffer.alloc(20))] },
    { name: 'a packet out of order', sends: [packet(3, 1n)] },
    { name: 'half a packet', sends: [followerInfo(strangerSid).subarray(0, 15)] },
    { name: 'an unknown id', sends: [followerInfo(strangerSid)] },
    {
      name: 'an authinfo of two billion entries',
      sends: [Buffer.concat([int(11), long(0n), buffer(learnerInfo(strangerSid)), int(0x7fffffff)])],
    },
  ],
}

function greeting(sid: bigint, address: string): Buffer {
  return Buffer.concat([greetingV1, long(sid), buffer(address)])
}

/** A QuorumPacket with null authinfo. */
function packet(type: number, zxid: bigint, data?: Buffer): Buffer {
  return Buffer.concat([int(type), long(zxid), data ? buffer(data) : int(-1), int(-1)])
}

function learnerInfo(sid: bigint): Buffer {
  return Buffer.concat([long(sid), int(0x10000), long(0n)])
}

function followerInfo(sid: bigint): Buffer {
  return packet(11, 0n, learnerInfo(sid))
}

function stranger(): { id: bigint; password: Buffer } {
  return { id: 0x0123456789abcdefn, password: Buffer.alloc(16, 7) }
}

/** The same bytes for the same seed (xorshift32). */
function randomBytes(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed * 0x9e3779b1
  for (let i = 0; i < length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state & 0xff
  }
  return bytes
}
