/** Sessions: their creation, their moves between servers, their end, and what is removed with them. */
import { expect } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { JuteWriter } from '../jute.ts'
import * as op from '../operations.ts'
import type { RawSession } from '../rawSession.ts'
import { conformance } from '../suite.ts'

const ephemeral = { flags: op.Flag.ephemeral }

conformance('sessions', 'plain', (it) => {
  it('a new session has an id, a password of 16 bytes and the time-out asked for', async (at) => {
    const { greeting } = await at.open({ timeoutMs: 7777 })
    expect(greeting).toMatchObject({ timeoutMs: 7777, readOnly: false })
    expect(greeting?.sessionId).not.toBe(0n)
    expect(greeting?.password).toHaveLength(16)
  })

  it('a time-out too short becomes minSessionTimeout', async (at) => {
    expect((await at.open({ timeoutMs: 1 })).greeting?.timeoutMs).toBe(1000)
  })

  it('a time-out too long becomes maxSessionTimeout', async (at) => {
    expect((await at.open({ timeoutMs: 10_000_000 })).greeting?.timeoutMs).toBe(30_000)
  })

  it('a negative time-out becomes minSessionTimeout', async (at) => {
    expect((await at.open({ timeoutMs: -5 })).greeting?.timeoutMs).toBe(1000)
  })

  it('the highest byte of the id is that of the server that assigned it', async (at) => {
    const ids = await Promise.all(
      at.ensemble.addresses.map(async (address) => (await at.open({ address })).sessionId >> 56n),
    )
    expect(new Set(ids).size).toBe(at.ensemble.addresses.length)
  })

  it('ids of one server grow by one', async (at) => {
    const [first, second] = [await at.open(), await at.open()]
    expect(second.sessionId).toBeGreaterThan(first.sessionId)
  })

  it('a client older than 3.4 leaves out readOnly, and so does the answer', async (at) => {
    const session = await at.open({ readOnly: null })
    expect(session.greeting?.readOnly).toBeNull()
    expect((await session.do(op.exists('/'))).outcome).toBe('ok')
  })

  it('a client that accepts read-only gets a full session where possible', async (at) => {
    expect((await at.open({ readOnly: true })).greeting?.readOnly).toBe(false)
  })

  it('a wrong password is answered with time-out 0, id 0 and an empty password, then closed', async (at) => {
    const { sessionId } = await at.open()
    const thief = await at.dial({ sessionId, password: Buffer.alloc(16, 7), address: at.elsewhere })
    expect(thief.greeting).toEqual({
      timeoutMs: 0,
      sessionId: 0n,
      password: Buffer.alloc(16),
      readOnly: false,
    })
    await thief.closed()
  })

  it('a wrong password does no harm to the session', async (at) => {
    const owner = await at.open()
    const thief = await at.dial({
      sessionId: owner.sessionId,
      password: Buffer.alloc(16, 7),
      address: at.elsewhere,
    })
    await thief.closed()
    expect((await owner.do(op.setData(at.root))).outcome).toBe('ok')
  })

  it('a password of another length is refused', async (at) => {
    const { sessionId, password } = await at.open()
    const thief = await at.dial({ sessionId, password: password.subarray(0, 15), address: at.elsewhere })
    expect(thief.greeting?.timeoutMs).toBe(0)
  })

  it('a session that never existed is refused', async (at) => {
    const thief = await at.dial({ sessionId: 0x1234567890n, password: Buffer.alloc(16) })
    expect(thief.greeting?.timeoutMs).toBe(0)
    await thief.closed()
  })

  it('a closed session is refused, with the right password', async (at) => {
    const session = await at.open()
    const { sessionId, password } = session
    await session.close()
    const again = await at.dial({ sessionId, password })
    expect(again.greeting?.timeoutMs).toBe(0)
  })

  it('closeSession is answered, then the connection is closed', async (at) => {
    const session = await at.open()
    expect((await session.do(op.closeSession())).outcome).toBe('ok')
    await session.closed()
  })

  it('a request after a closeSession is not executed', async (at) => {
    const session = await at.open()
    const [closing, late] = await session.doAll(op.closeSession(), op.create(`${at.root}/late`))
    expect(closing?.outcome).toBe('ok')
    // The late request is refused while the socket is open, and fails with it once it is closed; which one is
    // a matter of timing.
    expect(['closed', 'SessionExpired']).toContain(late?.outcome)
    const other = await at.open()
    await other.settle()
    expect((await other.do(op.exists(`${at.root}/late`))).outcome).toBe('NoNode')
  })

  it('closing a session removes its ephemerals, and nothing else', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/e`, ephemeral))
    await session.must(op.create(`${at.root}/p`))
    await session.close()
    const other = await at.open({ address: at.elsewhere })
    await other.settle()
    expect((await other.must(op.getChildren(at.root))).children).toEqual(['p'])
  })

  it('a session can be resumed at the same server with its ephemerals', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/e`, ephemeral))
    await session.drop()
    const again = await at.open(keyOf(session))
    expect(again.sessionId).toBe(session.sessionId)
    expect(again.password).toEqual(session.password)
    const { stat } = await again.must(op.exists(`${at.root}/e`))
    expect(stat.ephemeralOwner).toBe(session.sessionId)
  })

  it('a session moves to each server in turn', async (at) => {
    let session = await at.open({ address: at.ensemble.addresses[0] as string })
    await session.must(op.create(`${at.root}/e`, ephemeral))
    for (const address of [...at.ensemble.addresses, ...at.ensemble.addresses].slice(1)) {
      await session.drop()
      session = await at.open({ ...keyOf(session), address })
      await session.settle()
      await session.must(op.setData(`${at.root}/e`))
      expect((await session.must(op.getEphemerals('/'))).paths).toEqual([`${at.root}/e`])
    }
  })

  it('resuming a session at the same server closes its older connection', async (at) => {
    const session = await at.open()
    const again = await at.open(keyOf(session))
    await session.closed()
    expect((await again.do(op.setData(at.root))).outcome).toBe('ok')
  })

  it('resuming a session at another server closes its older connection at the next write there', async (at) => {
    const session = await at.open()
    const again = await at.open({ ...keyOf(session), address: at.elsewhere })
    expect((await session.do(op.create(`${at.root}/stale`))).outcome).toBe('closed')
    await again.settle()
    expect((await again.do(op.exists(`${at.root}/stale`))).outcome).toBe('NoNode')
  })

  it('the time-out may change when a session is resumed', async (at) => {
    const session = await at.open({ timeoutMs: 20_000 })
    await session.drop()
    const again = await at.open({ ...keyOf(session), timeoutMs: 5000 })
    expect(again.greeting?.timeoutMs).toBe(5000)
  })

  it('a client that has seen more than the server is refused', async (at) => {
    const ahead = await at.dial({ lastZxidSeen: 0x7fff_0000_0000n })
    expect(ahead.greeting).toBeNull()
    await ahead.closed()
  })

  it('a session without requests expires, with its ephemerals', async (at) => {
    const session = await at.open({ timeoutMs: 1000 })
    await session.must(op.create(`${at.root}/e`, ephemeral))
    await session.drop()
    const other = await at.open({ address: at.elsewhere })
    await eventually('the expiry', async () => {
      await other.settle()
      return (await other.do(op.exists(`${at.root}/e`))).outcome === 'NoNode'
    })
    const again = await at.dial(keyOf(session))
    expect(again.greeting?.timeoutMs).toBe(0)
  })

  it('an expiring session is closed by the server', async (at) => {
    const session = await at.open({ timeoutMs: 1000 })
    await session.closed()
  })

  it('pings keep a session', async (at) => {
    const session = await at.open({ timeoutMs: 1000 })
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      expect((await session.ping()).outcome).toBe('ok')
    }
  })

  it('reads keep a session', async (at) => {
    const session = await at.open({ timeoutMs: 1000 })
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      expect((await session.do(op.exists(at.root))).outcome).toBe('ok')
    }
  })

  it('the deletion of ephemerals at an expiry fires watches', async (at) => {
    const session = await at.open({ timeoutMs: 1000 })
    await session.must(op.create(`${at.root}/e`, ephemeral))
    const other = await at.open({ address: at.elsewhere })
    await other.settle()
    await other.must(op.exists(`${at.root}/e`, true))
    await other.must(op.getChildren(at.root, true))
    await session.drop()
    await eventually('the events', async () => {
      await other.ping()
      return other.events.length === 2
    })
    expect(other.events).toEqual([`deleted ${at.root}/e`, `childrenChanged ${at.root}`])
  })

  it('ephemerals of one session are deleted at one zxid', async (at) => {
    const session = await at.open()
    for (const name of ['a', 'b', 'c']) await session.must(op.create(`${at.root}/${name}`, ephemeral))
    const before = await session.must(op.exists(at.root))
    await session.close()
    const other = await at.open()
    await other.settle()
    const { stat } = await other.must(op.exists(at.root))
    expect(stat.numChildren).toBe(0)
    expect(stat.pzxid).toBeGreaterThan(before.stat.pzxid)
    expect(stat.cversion).toBe(6)
  })

  it('another session may delete an ephemeral', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/e`, ephemeral))
    const other = await at.open()
    await other.must(op.remove(`${at.root}/e`))
    await session.settle()
    expect((await session.must(op.getEphemerals('/'))).paths).toEqual([])
  })

  it('another session may set the data of an ephemeral, whose owner stays', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/e`, ephemeral))
    const other = await at.open()
    const { stat } = await other.must(op.setData(`${at.root}/e`))
    expect(stat.ephemeralOwner).toBe(session.sessionId)
  })

  it('an ephemeral created anew by another session outlives the first session', async (at) => {
    const first = await at.open()
    const second = await at.open()
    await first.must(op.create(`${at.root}/e`, ephemeral))
    await second.must(op.remove(`${at.root}/e`))
    await second.must(op.create(`${at.root}/e`, ephemeral))
    await first.close()
    await second.settle()
    expect((await second.must(op.exists(`${at.root}/e`))).stat.ephemeralOwner).toBe(second.sessionId)
  })

  it('authentication belongs to the connection: a resumed session has none', async (at) => {
    const session = await at.open()
    await session.must(op.auth('digest', 'fred:secret'))
    await session.must(op.create(`${at.root}/n`, { acl: [[31, 'auth', '']] }))
    await session.drop()
    const again = await at.open(keyOf(session))
    expect((await again.do(op.getData(`${at.root}/n`))).outcome).toBe('NoAuth')
    await again.must(op.auth('digest', 'fred:secret'))
    expect((await again.do(op.getData(`${at.root}/n`))).outcome).toBe('ok')
  })

  it('watches belong to the connection: a resumed session has none', async (at) => {
    const session = await at.open()
    await session.must(op.getData(at.root, true))
    await session.must(op.addWatch(at.root, 1))
    await session.drop()
    const again = await at.open(keyOf(session))
    await again.must(op.setData(at.root))
    expect(again.events).toEqual([])
    expect((await again.do(op.checkWatches(at.root, 3))).outcome).toBe('NoWatcher')
  })

  it('a second greeting on a connection with a session is a request of type lastZxidSeen', async (at) => {
    const session = await at.open()
    const hello = new JuteWriter().int(0).long(0n).int(10_000).long(0n).buffer(Buffer.alloc(16)).bool(false)
    session.sendFrame(hello.bytes())
    await session.closed()
  })

  it('a frame too short for its request ends the connection', async (at) => {
    const session = await at.open()
    session.sendFrame(Buffer.alloc(7))
    await session.closed()
  })

  it('a frame of a negative length is closed', async (at) => {
    const session = await at.open()
    session.sendBytes(Buffer.from([0xff, 0xff, 0xff, 0xfe]))
    await session.closed()
  })

  it('a frame longer than jute.maxbuffer is closed before it is sent', async (at) => {
    const session = await at.open()
    session.sendBytes(new JuteWriter().int(0x100000 + 1).bytes())
    await session.closed()
  })

  it('a frame that is too short for a header is closed', async (at) => {
    const session = await at.open()
    session.sendFrame(Buffer.from([0, 0, 0, 1]))
    await session.closed()
  })

  it('an empty frame is closed', async (at) => {
    const session = await at.open()
    session.sendFrame(Buffer.alloc(0))
    await session.closed()
  })

  it('a frame byte by byte is a frame', async (at) => {
    const session = await at.open()
    const answer = session.do(op.exists('/'))
    await answer
    const frame = new JuteWriter().int(77).int(3).raw(op.exists('/').body).bytes()
    const bytes = new JuteWriter().int(frame.length).raw(frame).bytes()
    for (const byte of bytes) {
      session.sendBytes(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await eventually('the answer', () => session.heard.includes('answer 77'))
  })
})

const keyOf = ({ sessionId, password }: RawSession) => ({ sessionId, password })
