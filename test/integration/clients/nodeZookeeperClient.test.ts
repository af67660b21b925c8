/** npm's node-zookeeper-client: nodes, a watch, a transaction, and a session that outlives the leader. */
import zookeeper, { type Client, type Event } from 'node-zookeeper-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { allServe, describeEngines, leaderOf, type TestEnsemble } from '../../support/ensembles.ts'
import { eventually } from '../../support/eventually.ts'

const { CreateMode } = zookeeper

describeEngines('node-zookeeper-client', (start) => {
  let ensemble: TestEnsemble
  beforeAll(async () => {
    ensemble = await start()
    await allServe(ensemble.members)
  })
  afterAll(() => ensemble?.[Symbol.asyncDispose]())

  it('creates, reads, watches and transacts', async () => {
    await using session = await open(ensemble.connectString)
    const { client } = session
    const create = (path: string, mode: number): Promise<string> =>
      answer((done) => client.create(path, Buffer.from('one'), mode, done))
    expect(await answer((done) => client.mkdirp('/npm/app', done))).toBe('/npm/app')
    expect(await create('/npm/app/a', CreateMode.PERSISTENT)).toBe('/npm/app/a')
    expect(await create('/npm/app/s-', CreateMode.EPHEMERAL_SEQUENTIAL)).toBe('/npm/app/s-0000000001')
    await expect(create('/npm/app/a', CreateMode.PERSISTENT)).rejects.toThrow('NODE_EXISTS')

    const events: Event[] = []
    const watched = answer<Buffer>((done) =>
      client.getData('/npm/app/a', (event) => events.push(event), done),
    )
    expect(String(await watched)).toBe('one')
    await answer((done) => client.setData('/npm/app/a', Buffer.from('two'), 0, done))
    // The event is due before the reply to the write that caused it.
    expect(events).toMatchObject([{ name: 'NODE_DATA_CHANGED', path: '/npm/app/a' }])

    const results = await answer<unknown[]>((done) =>
      client
        .transaction()
        .create('/npm/t')
        .setData('/npm/t', Buffer.from('2'), 0)
        .check('/npm/app/a', 1)
        .commit(done),
    )
    expect(results).toHaveLength(3)
    const refused = answer((done) =>
      client.transaction().remove('/npm/t').check('/npm/app/a', 9).commit(done),
    )
    await expect(refused).rejects.toThrow('BAD_VERSION')
    expect(await answer((done) => client.exists('/npm/t', done))).toMatchObject({ version: 1 })
  })

  it('keeps its session and its ephemeral znode when the leader dies', async () => {
    const { connectString } = ensemble
    await using owner = await open(connectString)
    const before = owner.client.getSessionId().toString('hex')
    const path = '/npm-ephemeral'
    await answer((done) => owner.client.create(path, Buffer.from('mine'), CreateMode.EPHEMERAL, done))

    const leader = await leaderOf(ensemble)
    await ensemble.kill(leader.id)
    await leaderOf(ensemble)
    const data = await eventually('the owner to be connected again', () =>
      answer<Buffer>((done) => owner.client.getData(path, undefined, done)),
    )
    expect(String(data)).toBe('mine')
    expect(owner.client.getSessionId().toString('hex')).toBe(before)

    await owner[Symbol.asyncDispose]()
    await using other = await open(connectString)
    await eventually('the ephemeral znode to go with its session', async () => {
      return (await answer((done) => other.client.exists(path, done))) === null
    })
    await ensemble.start(leader.id)
  })
})

interface Session extends AsyncDisposable {
  client: Client
}

/** A connected client, closed at the end of the scope. */
async function open(connectString: string): Promise<Session> {
  const client = zookeeper.createClient(connectString, { sessionTimeout: 10_000, spinDelay: 50, retries: 3 })
  const connected = new Promise<void>((resolve) => client.once('connected', resolve))
  client.connect()
  await connected
  let closed = false
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    const gone = new Promise<void>((resolve) => client.once('disconnected', resolve))
    client.close()
    await gone
  }
  return { client, [Symbol.asyncDispose]: close }
}

/** A call with Node's callback as a promise. */
function answer<T>(call: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      if (error) reject(error instanceof Error ? error : new Error(String(error)))
      else resolve(result)
    })
  })
}
