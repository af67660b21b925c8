/** What real clients depend on: watches across reconnects, streams of events, sessions passed on, chroots. */
import { expect } from 'vitest'
import type { WatchEvent } from '../../../src/client/index.ts'
import { eventually } from '../../support/eventually.ts'
import { conformance } from '../suite.ts'

conformance('a client', 'plain', (it) => {
  it('reads persistent watches as a stream', async (at) => {
    const client = await at.client()
    const stream = client.watch(at.root, { recursive: true })
    await stream.ready
    await client.create(`${at.root}/a`)
    await client.setData(`${at.root}/a`, 'x')
    await client.delete(`${at.root}/a`)
    const seen: string[] = []
    for await (const { type, path } of stream) {
      seen.push(`${type} ${at.text(path)}`)
      if (seen.length === 3) break
    }
    expect(seen).toEqual(['created ~/a', 'dataChanged ~/a', 'deleted ~/a'])
    expect(await client.checkWatches(at.root)).toBe(false)
  })

  it('ends its streams when it is closed', async (at) => {
    const client = await at.client()
    const stream = client.watch(at.root)
    await stream.ready
    const next = stream.next()
    await client.close()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('sets every kind of watch again after a reconnect, and gets the events that the one-shot ones missed', async (at) => {
    const [client, other] = [await at.client(), await at.client()]
    await client.create(`${at.root}/n`)
    await client.create(`${at.root}/p`)
    const events: string[] = []
    const note = (kind: string) => (event: WatchEvent) =>
      events.push(`${kind} ${event.type} ${at.text(event.path)}`)
    await client.getData(`${at.root}/n`, note('data'))
    await client.getChildren(`${at.root}/p`, note('child'))
    await client.addWatch(`${at.root}/n`, 'persistent', note('persistent'))
    await client.addWatch(`${at.root}`, 'recursive', note('recursive'))
    client.dropConnection()
    await other.setData(`${at.root}/n`, 'missed')
    await client.connected(10_000)
    await client.sync()
    const missed = events.splice(0)
    expect(missed).toContain('data dataChanged ~/n')
    await other.create(`${at.root}/p/m`)
    await other.setData(`${at.root}/n`, 'heard')
    await client.sync()
    expect(events.sort()).toEqual(
      [
        'child childrenChanged ~/p',
        'persistent dataChanged ~/n',
        'recursive created ~/p/m',
        'recursive dataChanged ~/n',
      ].sort(),
    )
  })

  it('sets thousands of watches again in several batches', async (at) => {
    const [client, other] = [await at.client(), await at.client()]
    const names = Array.from({ length: 600 }, (_, i) => `${at.root}/${'x'.repeat(400)}${i}`)
    const events = new Set<string>()
    await Promise.all(
      names.map((name, i) =>
        i % 2 === 0
          ? client.exists(name, (event) => events.add(event.path))
          : client.addWatch(name, i % 4 === 1 ? 'persistent' : 'recursive', (event) =>
              events.add(event.path),
            ),
      ),
    )
    client.dropConnection()
    await client.connected(10_000)
    await client.sync()
    for (let from = 0; from < names.length; from += 100) {
      const transaction = other.transaction()
      for (const name of names.slice(from, from + 100)) transaction.create(name)
      await transaction.commit()
    }
    await client.sync()
    await eventually('all events', () => events.size === names.length)
  })

  it('removes one of its watchers, and the server keeps watching for the other', async (at) => {
    const client = await at.client()
    const events: string[] = []
    const first = (event: WatchEvent) => events.push(`first ${event.type}`)
    const second = (event: WatchEvent) => events.push(`second ${event.type}`)
    await client.addWatch(at.root, 'persistent', first)
    await client.addWatch(at.root, 'persistent', second)
    await client.removeWatches(at.root, 'any', first)
    await client.setData(at.root, 'x')
    expect(events).toEqual(['first removed', 'second dataChanged'])
    await client.removeWatches(at.root, 'any', second)
    await client.setData(at.root, 'y')
    expect(events).toEqual(['first removed', 'second dataChanged', 'second removed'])
    await expect(client.removeWatches(at.root)).rejects.toMatchObject({ code: -121 })
  })

  it('hands its session to another client', async (at) => {
    const client = await at.client()
    await client.create(`${at.root}/e`, null, { mode: 'ephemeral' })
    const session = client.leave()
    expect(client.state).toBe('closed')
    const heir = await at.client({ session })
    expect(heir.sessionId).toBe(session.id)
    expect(heir.sessionPassword).toEqual(session.password)
    expect(await heir.getEphemerals()).toEqual([`${at.root}/e`])
    await heir.close()
    const other = await at.client()
    await other.sync()
    expect(await other.exists(`${at.root}/e`)).toBeNull()
  })

  it('loses a session that another client resumes, and resumes it again', async (at) => {
    const client = await at.client({ address: at.address })
    const heir = await at.client({
      session: { id: client.sessionId, password: client.sessionPassword },
      address: at.address,
    })
    await eventually('the older to lose it', () => client.state !== 'connected' || heir.state !== 'connected')
    heir.leave()
    await client.connected(10_000)
    expect(await client.exists(at.root)).not.toBeNull()
  })

  it('with a wrong password has an expired session', async (at) => {
    const client = await at.client()
    await expect(
      at.client({ session: { id: client.sessionId, password: Buffer.alloc(16, 1) }, address: at.elsewhere }),
    ).rejects.toMatchObject({ code: -112 })
  })

  it('interprets all its paths below a chroot', async (at) => {
    const below = await at.client({ chroot: at.root })
    const events: string[] = []
    await below.addWatch('/', 'recursive', ({ type, path }) => events.push(`${type} ${path}`))
    await below.create('/e', 'x', { mode: 'ephemeral' })
    expect(await below.getEphemerals('/')).toEqual(['/e'])
    expect(await below.getAllChildrenNumber('/')).toBe(1)
    const [data, names] = await below.multiRead().getData('/e').getChildren('/').run()
    expect('data' in data && data.data?.toString()).toBe('x')
    expect(names).toEqual(['e'])
    expect(events).toEqual(['created /e'])
    expect((await below.getConfig()).servers.size).toBe(at.ensemble.addresses.length)
  })

  it('creates a whole tree in one transaction and gets the result of each part', async (at) => {
    const client = await at.client()
    const results = await client
      .transaction()
      .create(`${at.root}/a`, 'x')
      .create(`${at.root}/a/s-`, null, { mode: 'sequential' })
      .create(`${at.root}/a/e`, null, { mode: 'ephemeral' })
      .create(`${at.root}/a/c`, null, { mode: 'container' })
      .setData(`${at.root}/a`, 'y', 0)
      .check(`${at.root}/a`, 1)
      .delete(`${at.root}/a/e`)
      .commit()
    expect(results.map(({ path }) => path && at.text(path))).toEqual([
      '~/a',
      '~/a/s-0000000000',
      '~/a/e',
      '~/a/c',
      null,
      null,
      null,
    ])
    expect(results[4]?.stat?.version).toBe(1)
  })
})
