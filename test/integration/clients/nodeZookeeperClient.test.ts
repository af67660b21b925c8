/** npm's node-zookeeper-client: nodes, watches, transactions, and a session that outlives the leader. */
import zookeeper, { type Client, type Event } from 'node-zookeeper-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { allServe, describeEngines, type TestEnsemble } from '../../support/ensembles.ts'
import { eventually } from '../../support/eventually.ts'
import { LeaderKill } from './leaderKill.ts'

const { CreateMode } = zookeeper

describeEngines('node-zookeeper-client', (start) => {
  let ensemble: TestEnsemble
  beforeAll(async () => {
    ensemble = await start()
    await allServe(ensemble.members)
  })
  afterAll(() => ensemble?.[Symbol.asyncDispose]())

  it('creates, reads, watches and runs transactions', async () => {
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
    // The event must arrive before the reply to the write that caused it.
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

    await using _ = await LeaderKill.of(ensemble)
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
  })

  it('makes whole paths and transactions while the leader dies, and loses none', async () => {
    await using session = await open(ensemble.connectString)
    const { client } = session
    await answer((done) => client.mkdirp('/npm-storm/left', done))
    await answer((done) => client.mkdirp('/npm-storm/right', done))
    const acknowledged: string[] = []
    const paths: string[] = []
    let killed = false
    const writing = (async () => {
      for (let count = 0, after = 0; after < 20; count++) {
        if (killed) after++
        try {
          await answer((done) => client.mkdirp(`/npm-storm/deep/${count}/a/b`, done))
          paths.push(`/npm-storm/deep/${count}/a/b`)
          const both = client
            .transaction()
            .create(`/npm-storm/left/${count}`)
            .create(`/npm-storm/right/${count}`)
          await answer((done) => both.commit(done))
          acknowledged.push(String(count))
        } catch (error) {
          // A mkdirp finds what it created before its answer was lost; the outcome of a transaction is
          // unknown.
          expect(String(error)).toMatch(/CONNECTION_LOSS|NODE_EXISTS/)
        }
      }
    })()
    await eventually('the first transactions', () => acknowledged.length > 3)
    await using _ = await LeaderKill.of(ensemble)
    killed = true
    await writing
    const children = async (path: string): Promise<string[]> =>
      (await answer<string[]>((done) => client.getChildren(path, done))).sort()
    const left = await children('/npm-storm/left')
    expect(await children('/npm-storm/right')).toEqual(left)
    expect(left).toEqual(expect.arrayContaining(acknowledged))
    for (const path of paths) expect(await answer((done) => client.exists(path, done))).not.toBeNull()
  })

  it('continues to watch after the death of the leader', async () => {
    await using reader = await open(ensemble.connectString)
    await using writer = await open(ensemble.connectString)
    const set = (data: string): Promise<unknown> =>
      answer((done) => writer.client.setData('/npm-watched', Buffer.from(data), -1, done))
    await answer((done) => writer.client.mkdirp('/npm-watched', done))
    const seen: string[] = []
    /**
     * What a program does that wants to see every state: it reads, and sets the watch anew with each read.
     */
    const watch = (): void => {
      reader.client.getData('/npm-watched', watch, (error, data) => {
        // A watch that the client sets again when it reconnects needs no retry; a read that was lost does.
        if (error) setTimeout(watch, 20)
        else if (seen.at(-1) !== String(data ?? '')) seen.push(String(data ?? ''))
      })
    }
    watch()
    await eventually('the first read', () => seen.length === 1)
    await set('before')
    await eventually('the value "before"', () => seen.at(-1) === 'before')
    await using _ = await LeaderKill.of(ensemble)
    await eventually('a write after the kill', () => set('after').then(() => true))
    await eventually('the value "after"', () => seen.at(-1) === 'after')
    await set('later')
    await eventually('the value "later"', () => seen.at(-1) === 'later')
    expect(seen).toEqual(['', 'before', 'after', 'later'])
  })
})

interface Session extends AsyncDisposable {
  client: Client
}

/** A connected client, which is closed at the end of the scope. */
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

/** A promise for a call that takes Node's callback. */
function answer<T>(call: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      if (error) reject(error instanceof Error ? error : new Error(String(error)))
      else resolve(result)
    })
  })
}
