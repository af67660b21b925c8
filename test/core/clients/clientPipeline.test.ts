/** Connections, sessions and the order of answers, with the disk held back where that shows something. */
import { describe, expect, test } from 'vitest'
import { digestId } from '../../../src/core/auth/digest.ts'
import { sessionPassword } from '../../../src/core/sessions/password.ts'
import { NO_SESSION, type SessionId } from '../../../src/protocol/ids.ts'
import { decode, encode } from '../../../src/protocol/jute.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'
import {
  ConnectRequest,
  ConnectResponse,
  ReplyHeader,
  RequestHeader,
} from '../../../src/protocol/records/client.ts'
import { ZERO_ZXID, type Zxid } from '../../../src/protocol/zxid.ts'
import {
  type Ask,
  acl,
  auth,
  close,
  create,
  exists,
  framed,
  getData,
  ping,
  remove,
  setData,
  sync,
} from '../requests/conversation.ts'
import { type CoreLine, CoreServer } from '../requests/coreServer.ts'

const NEW: ConnectRequest = {
  protocolVersion: 0,
  lastZxidSeen: ZERO_ZXID,
  timeOut: 10_000,
  sessionId: NO_SESSION,
  passwd: Buffer.alloc(16),
  readOnly: false,
}

const greet = (line: CoreLine, change: Partial<ConnectRequest> = {}) =>
  line.send(framed(encode(ConnectRequest, { ...NEW, ...change })))
const put = (line: CoreLine, xid: number, { type, body }: Ask) =>
  line.send(framed(Buffer.concat([encode(RequestHeader, { xid, type }), body])))
/** Everything that has come: reply headers, null for the end. */
function heard(line: CoreLine) {
  const all = []
  for (let frame = line.take(); frame !== undefined; frame = line.take())
    all.push(frame === null ? null : decode(ReplyHeader, frame))
  return all
}

function welcome(line: CoreLine): ConnectResponse {
  const frame = line.take()
  if (!frame) throw new Error('no ConnectResponse')
  return decode(ConnectResponse, frame)
}

function session(server: CoreServer, change: Partial<ConnectRequest> = {}) {
  const line = server.dial()
  greet(line, change)
  return { line, ...welcome(line) }
}

describe('connecting', () => {
  test.each([
    [1, 4000],
    [-5, 4000],
    [10_000, 10_000],
    [10_000_000, 40_000],
  ])('a timeout of %i becomes %i', (timeOut, negotiated) => {
    const { timeOut: told, sessionId, passwd } = session(new CoreServer(), { timeOut })
    expect(told).toBe(negotiated)
    expect(sessionId >> 56n).toBe(1n)
    expect(passwd).toEqual(sessionPassword(sessionId))
  })

  test('a client that sends no readOnly byte gets none', () => {
    const server = new CoreServer()
    const old = server.dial()
    greet(old, { readOnly: undefined })
    expect(old.take()).toHaveLength(36)
    const current = server.dial()
    greet(current)
    expect(current.take()).toHaveLength(37)
  })

  test('whoever has seen more than this member is sent away without a word', () => {
    const line = new CoreServer().dial()
    greet(line, { lastZxidSeen: 1 as Zxid })
    expect(heard(line)).toEqual([null])
  })

  test('a wrong password and a session that is over get the refusal: all zero', () => {
    const server = new CoreServer()
    const { sessionId } = session(server)
    const unknown = 0x123n as SessionId
    for (const change of [
      { sessionId },
      { sessionId: unknown, passwd: sessionPassword(unknown) },
      { sessionId, passwd: null },
    ]) {
      const line = server.dial()
      greet(line, change)
      expect(welcome(line)).toEqual({ ...NEW, lastZxidSeen: undefined, timeOut: 0, sessionId: 0n })
      expect(heard(line)).toEqual([null])
    }
  })

  test('garbage closes', () => {
    const line = new CoreServer().dial()
    line.send(framed(Buffer.from('GET / HTTP/1.1')))
    expect(heard(line)).toEqual([null])
  })

  test('nothing is read before the session is on disk, then everything, in order', () => {
    const server = new CoreServer()
    server.isDiskStuck = true
    const line = server.dial()
    greet(line)
    put(line, 1, create('/a'))
    put(line, 2, getData('/a'))
    expect(line.received).toEqual([])
    expect(server.transactions).toHaveLength(1)
    server.unstickDisk()
    expect(welcome(line).timeOut).toBe(10_000)
    expect(heard(line)).toEqual([
      { xid: 1, zxid: 2, err: 0 },
      { xid: 2, zxid: 2, err: 0 },
    ])
  })

  test('coming back closes the old connection, keeps ephemerals, and forgets watches', () => {
    const server = new CoreServer()
    const { line, sessionId, passwd } = session(server)
    put(line, 1, create('/e', '', 1))
    put(line, 2, getData('/e', true))
    heard(line)
    const again = session(server, { sessionId, passwd, lastZxidSeen: 2 as Zxid })
    expect(again.sessionId).toBe(sessionId)
    expect(heard(line)).toEqual([null])
    put(again.line, 1, exists('/e'))
    put(again.line, 2, setData('/e', 'x'))
    expect(heard(again.line).map((header) => header?.xid)).toEqual([1, 2])
  })
})

describe('order', () => {
  test('reads wait for the writes and syncs before them, pings too, and other clients do not', () => {
    const server = new CoreServer()
    const { line } = session(server)
    const other = session(server)
    server.isDiskStuck = true
    put(line, 1, exists('/'))
    put(line, 2, create('/a'))
    put(line, 3, getData('/a'))
    put(line, -2, ping)
    put(line, 4, create('/a'))
    put(line, 5, sync('/a'))
    put(line, 6, exists('/a'))
    put(other.line, 1, exists('/a'))
    expect(heard(line)).toEqual([{ xid: 1, zxid: 2, err: 0 }])
    expect(heard(other.line)).toEqual([{ xid: 1, zxid: 2, err: -101 }])
    expect(server.core.pipeline.outstanding).toBe(6)
    server.unstickDisk()
    expect(heard(line)).toEqual([
      { xid: 2, zxid: 3, err: 0 },
      { xid: 3, zxid: 3, err: 0 },
      { xid: -2, zxid: 3, err: 0 },
      { xid: 4, zxid: 4, err: -110 },
      { xid: 5, zxid: 4, err: 0 },
      { xid: 6, zxid: 4, err: 0 },
    ])
    expect(server.core.pipeline.outstanding).toBe(0)
  })

  test('a client that left before its write and sync were done disturbs nobody', () => {
    const server = new CoreServer()
    const gone = session(server)
    const { line } = session(server)
    server.isDiskStuck = true
    put(gone.line, 1, create('/gone'))
    put(gone.line, 2, sync('/'))
    put(line, 1, sync('/'))
    server.hangUp(gone.line.connection)
    server.unstickDisk()
    expect(heard(line)).toEqual([{ xid: 1, zxid: 3, err: 0 }])
    put(line, 2, exists('/gone'))
    expect(heard(line)).toEqual([{ xid: 2, zxid: 3, err: 0 }])
  })

  test('checks see what is proposed and not yet on disk', () => {
    const server = new CoreServer()
    const { line } = session(server)
    server.isDiskStuck = true
    const asks = [
      create('/a'),
      setData('/a', 'x', 0),
      setData('/a', 'x', 0),
      remove('/a', 1),
      remove('/a'),
      create('/a/b'),
    ]
    for (const [i, ask] of asks.entries()) put(line, i + 1, ask)
    put(line, 7, setData('/', 'x', 0))
    put(line, 8, setData('/', 'x', 0))
    server.unstickDisk()
    expect(heard(line).map((header) => header?.err)).toEqual([0, 0, -103, 0, -101, -101, 0, -103])
  })
})

describe('the end of a session', () => {
  test('closing it takes the ephemerals that are still on their way', () => {
    const server = new CoreServer()
    const { line } = session(server)
    put(line, 1, create('/old', '', 1))
    heard(line)
    server.isDiskStuck = true
    put(line, 2, create('/new', '', 1))
    put(line, 3, remove('/old'))
    put(line, 4, close)
    server.unstickDisk()
    expect(heard(line).map((header) => header && [header.xid, header.err])).toEqual([
      [2, 0],
      [3, 0],
      [4, 0],
      null,
    ])
    expect(server.transactions.at(-1)?.body).toMatchObject({ record: { paths2Delete: ['/new'] } })
    expect(server.core.replica.database.tree.ephemeralsCount).toBe(0)
  })

  test('silence ends it a tick late at most, and closes the connection', () => {
    const server = new CoreServer()
    const { line } = session(server)
    put(line, 1, create('/e', '', 1))
    server.advance(6000)
    put(line, -2, ping)
    heard(line)
    server.advance(10_000)
    expect(heard(line)).toEqual([])
    server.advance(2000)
    expect(heard(line)).toEqual([null])
    expect(server.transactions.at(-1)?.header).toMatchObject({ cxid: 0, type: OpCode.closeSession })
    expect(server.events.map(({ type }) => type)).toContain('session-expired')
    expect(server.core.replica.database.sessions.size).toBe(0)
  })
})

describe('a request that destroys an ensemble of Apache’s', () => {
  test('a check outside a multi is unknown here, and proposes nothing', () => {
    const server = new CoreServer()
    const { line } = session(server)
    put(line, 1, { type: OpCode.check, body: Buffer.alloc(0), text: '' })
    expect(heard(line)).toEqual([{ xid: 1, zxid: -1, err: -6 }, null])
    expect(server.transactions).toHaveLength(1)
  })
})

test('who proves to be the super user may do everything, and that hash alone proves it', () => {
  const superDigest = digestId('super:secret')
  const server = new CoreServer({ superDigest })
  const { line } = session(server)
  put(line, 1, create('/locked', '', 0, [acl(0, 'world', 'anyone')]))
  put(line, 2, getData('/locked'))
  put(line, -4, auth('digest', 'super:wrong'))
  put(line, 3, getData('/locked'))
  put(line, -4, auth('digest', 'super:secret'))
  put(line, 4, getData('/locked'))
  put(line, 5, setData('/locked', 'x'))
  expect(heard(line).map((header) => header?.err)).toEqual([0, -102, 0, -102, 0, 0, 0])
})

test('statistics count every frame in and out', () => {
  const server = new CoreServer()
  const { line } = session(server)
  put(line, 1, create('/a'))
  put(line, 2, getData('/a', true))
  put(line, 3, setData('/a', 'x'))
  const { statistics } = server.core.pipeline
  // The greeting and three requests; their answers and one event.
  expect([statistics.received, statistics.sent]).toEqual([4, 5])
  const [client] = server.core.pipeline.connections
  expect(client?.statistics).toMatchObject({
    received: 4,
    sent: 5,
    lastCxid: 3,
    lastOperation: OpCode.setData,
  })
  statistics.reset()
  expect([statistics.received, statistics.sent, statistics.maxLatencyMs]).toEqual([0, 0, 0])
})
