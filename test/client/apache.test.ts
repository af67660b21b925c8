/** The client against real servers: Apache ZooKeeper, alone and as an ensemble. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fourLetterWord } from '../../src/client/fourLetterWord.ts'
import {
  type ClientState,
  ErrorCode,
  KeeperError,
  READ_ACL,
  type WatchEvent,
  ZooKeeper,
} from '../../src/client/index.ts'
import { ApacheEnsemble, apacheUnavailable } from '../support/apache.ts'
import { eventually } from '../support/eventually.ts'

const unavailable = apacheUnavailable()
const title = unavailable === undefined ? 'with Apache' : `with Apache (skipped: ${unavailable})`

describe.skipIf(unavailable !== undefined)(`the client ${title}`, { timeout: 60_000 }, () => {
  let ensemble: ApacheEnsemble
  let zk: ZooKeeper
  let other: ZooKeeper
  let root = ''
  let count = 0

  beforeAll(async () => {
    ensemble = await ApacheEnsemble.start({ members: 3, set: { tickTime: '500' } })
    const leader = await ensemble.waitForLeader()
    const followers = ensemble.members.filter((member) => member !== leader)
    // Apache's leader lets a sync flow like a read (CommitProcessor.matchSyncs), and may not have applied
    // what a follower has.
    const servers = followers.map(({ clientPort }) => `127.0.0.1:${clientPort}`).join(',')
    zk = await ZooKeeper.connect(servers, { sessionTimeoutMs: 8000 })
    other = await ZooKeeper.connect(ensemble.connectString, { sessionTimeoutMs: 8000 })
  }, 60_000)

  afterAll(async () => {
    await zk?.close()
    await other?.close()
    await ensemble?.stopAll()
  }, 30_000)

  /** A znode that belongs to one test. */
  async function fresh(): Promise<string> {
    count += 1
    root = await zk.create(`/test${count}`, 'first')
    return root
  }

  const codeOf = async (promise: Promise<unknown>): Promise<number> => {
    const error = await promise.then(
      () => null,
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(KeeperError)
    return (error as KeeperError).code
  }

  it('creates, reads, writes and deletes', async () => {
    const path = await fresh()
    expect((await zk.getData(path)).data?.toString()).toBe('first')
    const stat = await zk.setData(path, 'second', 0)
    expect(stat).toMatchObject({ version: 1, dataLength: 6 })
    expect(await zk.exists(path)).toEqual(stat)
    expect(await codeOf(zk.setData(path, 'third', 0))).toBe(ErrorCode.BadVersion)
    expect(await zk.create(`${path}/n-`, null, { mode: 'sequential' })).toBe(`${path}/n-0000000000`)
    const created = await zk.create2(`${path}/e`, Buffer.from([0]), { mode: 'ephemeral' })
    expect(created.stat.ephemeralOwner).toBe(zk.sessionId)
    expect((await zk.getChildren(path)).sort()).toEqual(['e', 'n-0000000000'])
    expect((await zk.getChildren2(path)).stat.numChildren).toBe(2)
    expect((await zk.getData(`${path}/n-0000000000`)).data).toBeNull()
    await zk.create(`${path}/box`, '', { mode: 'container' })
    expect(await codeOf(zk.delete(path))).toBe(ErrorCode.NotEmpty)
    for (const child of await zk.getChildren(path)) await zk.delete(`${path}/${child}`)
    await zk.delete(path, 1)
    expect(await zk.exists(path)).toBeNull()
    expect(await codeOf(zk.getData(path))).toBe(ErrorCode.NoNode)
  })

  it('names the znode in its errors', async () => {
    await expect(zk.getData('/nowhere')).rejects.toThrow('NoNode for /nowhere')
    expect(await codeOf(zk.create(await fresh()))).toBe(ErrorCode.NodeExists)
  })

  it('protects znodes by ACL, and authenticates again after a reconnect', async () => {
    const path = await fresh()
    const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }]
    await using owner = await ZooKeeper.connect(ensemble.connectString)
    await owner.addAuth('digest', 'fred:secret')
    await owner.setAcl(path, acl, 0)
    expect((await owner.getAcl(path)).acl[0]?.id.id).toMatch(/^fred:/)
    await zk.sync()
    expect(await codeOf(zk.getData(path))).toBe(ErrorCode.NoAuth)
    owner.dropConnection()
    expect((await owner.getData(path)).data?.toString()).toBe('first')
    await owner.setAcl(path, READ_ACL)
    await zk.sync()
    expect((await zk.getData(path)).data?.toString()).toBe('first')
    expect(await codeOf(zk.setData(path, 'x'))).toBe(ErrorCode.NoAuth)
  })

  it('reports an authentication that is refused', async () => {
    await using stranger = await ZooKeeper.connect(ensemble.connectString)
    expect(await codeOf(stranger.addAuth('no-such-scheme', 'x'))).toBe(ErrorCode.AuthFailed)
    expect(stranger.state).toBe('authFailed')
    expect(await codeOf(stranger.getData('/'))).toBe(ErrorCode.SessionExpired)
  })

  it('carries out transactions as a whole or not at all', async () => {
    const path = await fresh()
    const results = await zk
      .transaction()
      .check(path, 0)
      .create(`${path}/a`, 'a')
      .setData(path, 'changed', 0)
      .create(`${path}/a/b`)
      .delete(`${path}/a/b`)
      .commit()
    expect(results.map((result) => result.path)).toEqual([null, `${path}/a`, null, `${path}/a/b`, null])
    expect(results[2]?.stat?.version).toBe(1)
    const failing = zk.transaction().create(`${path}/c`).check(path, 7).delete(`${path}/a`).commit()
    await expect(failing).rejects.toMatchObject({ code: ErrorCode.BadVersion, path })
    expect(await zk.exists(`${path}/c`)).toBeNull()
    expect(await zk.transaction().commit()).toEqual([])
  })

  it('keeps many requests in flight, in order', async () => {
    const path = await fresh()
    const writes = Array.from({ length: 500 }, (_, i) => zk.setData(path, String(i)))
    const reads = writes.map(() => zk.getData(path))
    expect((await Promise.all(writes)).map(({ version }) => version)).toEqual(writes.map((_, i) => i + 1))
    expect((await Promise.all(reads)).every(({ stat }) => stat.version === 500)).toBe(true)
  })

  it('fires watches once, before the reply that shows the change', async () => {
    const path = await fresh()
    const events: WatchEvent[] = []
    const watcher = (event: WatchEvent) => events.push(event)
    await zk.getData(path, watcher)
    await zk.exists(path, watcher)
    await zk.setData(path, '1')
    expect(events).toEqual([{ type: 'dataChanged', path }])
    await zk.setData(path, '2')
    expect(await zk.exists(`${path}/child`, watcher)).toBeNull()
    await zk.getChildren(path, watcher)
    await zk.create(`${path}/child`)
    expect(events.slice(1)).toEqual([
      { type: 'created', path: `${path}/child` },
      { type: 'childrenChanged', path },
    ])
    expect(await codeOf(zk.getData('/nowhere', watcher))).toBe(ErrorCode.NoNode)
  })

  it('sets its watches again on a new connection, and is notified of what it missed', async () => {
    const path = await fresh()
    const events: string[] = []
    const watcher = ({ type, path: at }: WatchEvent) => events.push(`${type} ${at.slice(path.length)}`)
    await zk.create(`${path}/gone`)
    await zk.create(`${path}/kept`)
    // The paths take more than 128 KiB, so that they are sent in several batches.
    const far = Array.from({ length: 400 }, (_, i) => `/${String(i).padStart(3, '0')}${'x'.repeat(400)}`)
    await Promise.all(far.map((name) => zk.exists(path + name, watcher)))
    await zk.getData(`${path}/gone`, watcher)
    await zk.getData(`${path}/kept`, watcher)
    await zk.getChildren(path, watcher)
    const states: ClientState[] = []
    const note = (state: ClientState) => states.push(state)
    zk.on('state', note)
    const session = zk.sessionId
    zk.dropConnection()
    await other.delete(`${path}/gone`)
    await other.create(path + (far[399] as string))
    await zk.connected(10_000)
    zk.off('state', note)
    expect(zk.sessionId).toBe(session)
    expect(states).toEqual(['disconnected', 'connected'])
    await eventually('what was missed', () => events.length === 3)
    await other.setData(`${path}/kept`, 'now')
    await other.create(path + (far[0] as string))
    await eventually('what came then', () => events.length === 5)
    expect(events.sort()).toEqual(
      [
        `created ${far[0]}`,
        `created ${far[399]}`,
        'childrenChanged ',
        'dataChanged /kept',
        'deleted /gone',
      ].sort(),
    )
  })

  it('sees only what is below its chroot', async () => {
    const path = await fresh()
    await using below = await ZooKeeper.connect(`${ensemble.connectString}${path}`)
    const events: WatchEvent[] = []
    await below.sync()
    await below.getChildren('/', (event) => events.push(event))
    expect(await below.create('/inside', 'x')).toBe('/inside')
    expect(events).toEqual([{ type: 'childrenChanged', path: '/' }])
    expect((await below.getData('/')).data?.toString()).toBe('first')
    await zk.sync()
    expect(await zk.getChildren(path)).toEqual(['inside'])
    const [result] = await below.transaction().create('/two').commit()
    expect(result?.path).toBe('/two')
  })

  it('sees after sync what another client wrote', async () => {
    const path = await fresh()
    await other.setData(path, 'written elsewhere')
    await zk.sync(path)
    expect((await zk.getData(path)).data?.toString()).toBe('written elsewhere')
  })

  it('removes its ephemeral znodes when it closes', async () => {
    const path = await fresh()
    const leaving = await ZooKeeper.connect(ensemble.connectString)
    await leaving.create(`${path}/e`, null, { mode: 'ephemeral' })
    await leaving.close()
    expect(leaving.state).toBe('closed')
    await zk.sync(path)
    expect(await zk.exists(`${path}/e`)).toBeNull()
    expect(await codeOf(leaving.getData('/'))).toBe(ErrorCode.SessionExpired)
  })

  it('outlives its server with its session, its ephemerals and its watches', async () => {
    const path = await fresh()
    await zk.create(`${path}/e`, null, { mode: 'ephemeral' })
    const events: WatchEvent[] = []
    await zk.getData(path, (event) => events.push(event))
    const session = zk.sessionId
    const victim = ensemble.members.find(({ clientPort }) => clientPort === zk.server.port)
    const inFlight = Promise.allSettled(Array.from({ length: 50 }, () => zk.sync()))
    await ensemble.kill(victim?.id as number)
    for (const outcome of await inFlight) {
      if (outcome.status === 'rejected')
        expect((outcome.reason as KeeperError).code).toBe(ErrorCode.ConnectionLoss)
    }
    // This waits for the next connection.
    const { stat } = await zk.getData(`${path}/e`)
    expect(stat.ephemeralOwner).toBe(session)
    expect(zk.sessionId).toBe(session)
    await eventually('a write', () => other.setData(path, 'after').catch(() => null))
    await eventually('the watch', () => events.length === 1)
    ensemble.start(victim?.id as number)
  })

  it('keeps its session while it idles', async () => {
    await using idle = await ZooKeeper.connect(ensemble.connectString, { sessionTimeoutMs: 1000 })
    expect(idle.sessionTimeoutMs).toBe(1000)
    const session = idle.sessionId
    const states: ClientState[] = []
    idle.on('state', (state) => states.push(state))
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(await idle.exists('/')).not.toBeNull()
    expect(idle.sessionId).toBe(session)
    expect(states).toEqual([])
  })

  it('sends four-letter words', async () => {
    const port = ensemble.members[0]?.clientPort as number
    await eventually('imok', async () => (await fourLetterWord('127.0.0.1', port, 'ruok')) === 'imok')
    expect(await fourLetterWord('127.0.0.1', port, 'srvr')).toMatch(/^Zookeeper version: 3\./)
  })
})

describe.skipIf(unavailable !== undefined)(`a session ${title}`, { timeout: 60_000 }, () => {
  it('expires while the network is broken, and its client reports it', async () => {
    await using ensemble = await ApacheEnsemble.start({ members: 1, set: { tickTime: '200' } })
    const { clientPort } = await ensemble.waitForLeader()
    await using road = await Road.to(clientPort)
    await using zk = await ZooKeeper.connect(`127.0.0.1:${road.port}`, { sessionTimeoutMs: 1000 })
    await using other = await ZooKeeper.connect(ensemble.connectString)
    await zk.create('/e', null, { mode: 'ephemeral' })
    const watched: WatchEvent[] = []
    await zk.getData('/e', (event) => watched.push(event))
    await road.block()
    await eventually('the loss', () => zk.state === 'disconnected')
    // This waits for a connection for as long as the session can live, and no longer.
    await expect(zk.getData('/e')).rejects.toMatchObject({ code: ErrorCode.ConnectionLoss })
    await eventually('the expiry', async () => (await other.exists('/e')) === null)
    await road.open()
    await eventually('the news', () => zk.state === 'expired')
    await expect(zk.getData('/e')).rejects.toMatchObject({ code: ErrorCode.SessionExpired })
    expect(watched).toEqual([])
  })
})

/** A port that forwards to another one, and can be blocked. */
class Road implements AsyncDisposable {
  port = 0
  private readonly target: number
  private server: Server | null = null
  private readonly sockets = new Set<Socket>()

  private constructor(target: number) {
    this.target = target
  }

  static async to(target: number): Promise<Road> {
    const road = new Road(target)
    await road.open()
    return road
  }

  open(): Promise<void> {
    const server = createServer((near) => {
      const far = connect({ host: '127.0.0.1', port: this.target })
      for (const socket of [near, far]) {
        this.sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => this.sockets.delete(socket))
      }
      near.pipe(far)
      far.pipe(near)
    })
    this.server = server
    return new Promise((resolve) => {
      server.listen(this.port, '127.0.0.1', () => {
        this.port = (server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  block(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => {
      this.server?.close(() => resolve())
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.block()
  }
}
