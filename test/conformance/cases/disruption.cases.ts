/**
 * What outlives the death of members: sessions, ephemerals, watches, writes. The cases run one after another.
 */
import { expect } from 'vitest'
import { type ClientState, type WatchEvent, ZooKeeper } from '../../../src/client/index.ts'
import { eventually } from '../../support/eventually.ts'
import * as op from '../operations.ts'
import { RawSession } from '../rawSession.ts'
import { type Case, conformance } from '../suite.ts'

const kills = { kills: true }

/** Ends members until the case is over. */
async function kill(at: Case, ...ids: number[]): Promise<void> {
  at.afterwards(async () => {
    await Promise.all(ids.map((id) => at.ensemble.start(id)))
    await at.ensemble.allServe()
  })
  await Promise.all(ids.map((id) => at.ensemble.kill(id)))
}

async function writes(client: ZooKeeper, path: string, data: string): Promise<void> {
  await eventually('a write to be answered', () => client.setData(path, data).catch(() => null))
}

conformance(
  'disruption',
  'plain',
  (it) => {
    it(
      'a session outlives the leader, with its ephemerals and its watches of every kind',
      async (at) => {
        const leader = await at.ensemble.leader()
        const client = await at.client({
          address: leader.address + at.ensemble.addresses.map((a) => `,${a}`).join(''),
        })
        const other = await at.client({
          address: (await at.ensemble.followers()).map(({ address }) => address).join(','),
        })
        await client.create(`${at.root}/e`, null, { mode: 'ephemeral' })
        await client.create(`${at.root}/n`)
        await client.create(`${at.root}/p`)
        const events: string[] = []
        const note = (kind: string) => (event: WatchEvent) =>
          events.push(`${kind} ${event.type} ${at.text(event.path)}`)
        await client.getData(`${at.root}/n`, note('data'))
        await client.exists(`${at.root}/new`, note('exist'))
        await client.getChildren(`${at.root}/p`, note('child'))
        await client.addWatch(`${at.root}/n`, 'persistent', note('persistent'))
        await client.addWatch(at.root, 'recursive', note('recursive'))
        const session = client.sessionId
        await kill(at, leader.id)
        await writes(other, `${at.root}/n`, 'after')
        await client.connected(20_000)
        await client.sync()
        expect(client.sessionId).toBe(session)
        expect((await client.exists(`${at.root}/e`))?.ephemeralOwner).toBe(session)
        await other.create(`${at.root}/new`)
        await other.create(`${at.root}/p/child`)
        await client.sync()
        expect(events).toEqual(
          expect.arrayContaining([
            'data dataChanged ~/n',
            'exist created ~/new',
            'child childrenChanged ~/p',
            'recursive created ~/new',
          ]),
        )
      },
      kills,
    )

    it(
      'a session outlives its follower and continues at another member',
      async (at) => {
        const [follower] = await at.ensemble.followers()
        const client = await at.client()
        const raw = await at.open({ address: follower?.address as string })
        await raw.must(op.create(`${at.root}/e`, { flags: 1 }))
        await kill(at, follower?.id as number)
        await raw.closed()
        const { sessionId, password } = raw
        const elsewhere = at.ensemble.addresses.find((address) => address !== follower?.address) as string
        const again = await at.open({ sessionId, password, address: elsewhere })
        expect(again.sessionId).toBe(sessionId)
        await client.sync()
        expect((await client.exists(`${at.root}/e`))?.ephemeralOwner).toBe(sessionId)
      },
      kills,
    )

    it(
      'what was acknowledged before the leader died is there afterwards',
      async (at) => {
        const client = await at.client()
        const acknowledged: number[] = []
        const all = Array.from({ length: 300 }, (_, i) =>
          client.create(`${at.root}/${i}`).then(
            () => acknowledged.push(i),
            () => {},
          ),
        )
        await eventually('some acknowledged writes', () => acknowledged.length > 20)
        await kill(at, (await at.ensemble.leader()).id)
        await Promise.all(all)
        await eventually('the next leader', () => client.sync().then(() => true))
        const there = new Set(await client.getChildren(at.root))
        expect(acknowledged.filter((i) => !there.has(String(i)))).toEqual([])
      },
      kills,
    )

    it(
      'the epoch of zxids grows with each leader, and the counter starts at 1',
      async (at) => {
        const client = await at.client()
        const before = (await client.setData(at.root, 'x')).mzxid
        await kill(at, (await at.ensemble.leader()).id)
        await writes(client, at.root, 'y')
        const after = (await client.exists(at.root))?.mzxid as number
        expect(Math.floor(after / 2 ** 32)).toBe(Math.floor(before / 2 ** 32) + 1)
        expect(after % 2 ** 32).toBeLessThan(100)
      },
      kills,
    )

    it(
      'without a quorum, connections are closed, and no handshake is answered',
      async (at) => {
        const [first, second] = await at.ensemble.followers()
        const leader = await at.ensemble.leader()
        const session = await at.open({ address: leader.address })
        await kill(at, first?.id as number, second?.id as number)
        await session.closed()
        await eventually('the server to notice', async () => {
          const refused = await RawSession.dial(leader.address).catch(() => null)
          await refused?.drop()
          return refused !== null && refused.greeting === null
        })
      },
      kills,
    )

    it(
      'a client waits for a quorum and continues with its session',
      async (at) => {
        const client = await at.client()
        await client.create(`${at.root}/e`, null, { mode: 'ephemeral' })
        const states: ClientState[] = []
        client.on('state', (state) => states.push(state))
        const session = client.sessionId
        const downs = (await at.ensemble.followers()).map(({ id }) => id)
        await Promise.all(downs.map((id) => at.ensemble.kill(id)))
        at.afterwards(() => at.ensemble.allServe())
        await eventually('the loss', () => states.includes('disconnected'))
        await Promise.all(downs.map((id) => at.ensemble.start(id)))
        await client.connected(25_000)
        expect(client.sessionId).toBe(session)
        await client.sync()
        expect((await client.exists(`${at.root}/e`))?.ephemeralOwner).toBe(session)
      },
      kills,
    )

    it(
      'a member that was down learns what it missed',
      async (at) => {
        const [follower] = await at.ensemble.followers()
        const client = await at.client({ address: (await at.ensemble.leader()).address })
        await at.ensemble.kill(follower?.id as number)
        at.afterwards(() => at.ensemble.allServe())
        for (let i = 0; i < 50; i++) await client.create(`${at.root}/${i}`)
        await at.ensemble.start(follower?.id as number)
        await at.ensemble.allServe()
        const session = await at.open({ address: follower?.address as string })
        expect((await session.must(op.getChildren(at.root))).children).toHaveLength(50)
      },
      kills,
    )

    it(
      'a session whose client is silent during a change of leaders expires only after a whole time-out',
      async (at) => {
        const leader = await at.ensemble.leader()
        const [follower] = await at.ensemble.followers()
        const session = await at.open({ address: follower?.address as string, timeoutMs: 6000 })
        await session.must(op.create(`${at.root}/e`, { flags: 1 }))
        await session.drop()
        await kill(at, leader.id)
        const { sessionId, password } = session
        const again = await eventually('the session', async () => {
          const dialled = await RawSession.dial(follower?.address as string, { sessionId, password })
          if (dialled.greeting !== null) return dialled
          await dialled.drop()
          return null
        })
        at.afterwards(() => again.close())
        expect(again.greeting?.sessionId).toBe(sessionId)
      },
      kills,
    )

    it('a connection string may contain a dead member', async (at) => {
      const client = await ZooKeeper.connect(`127.0.0.1:1,${at.ensemble.connectString}`, {
        sessionTimeoutMs: 9000,
      })
      at.afterwards(() => client.close())
      expect(await client.exists(at.root)).not.toBeNull()
    })
  },
  { sequential: true },
)

conformance(
  'read-only mode',
  'extended',
  (it) => {
    /** Leaves one member alone. */
    async function isolate(at: Case): Promise<string> {
      const [first, ...others] = at.ensemble.members
      await Promise.all(others.map(({ id }) => at.ensemble.kill(id)))
      at.afterwards(async () => {
        await Promise.allSettled(others.map(({ id }) => at.ensemble.start(id)))
        await at.ensemble.allServe()
      })
      const address = first?.address as string
      await eventually('read-only service', async () => {
        const session = await RawSession.dial(address, { readOnly: true })
        const isReadOnly = session.greeting?.readOnly === true
        await session.drop()
        return isReadOnly
      })
      return address
    }

    it(
      'a member alone serves reads, and refuses the rest',
      async (at) => {
        const writer = await at.client()
        await writer.setData(at.root, 'before')
        for (const address of at.ensemble.addresses) await (await at.open({ address })).settle()
        const address = await isolate(at)
        const session = await at.open({ address, readOnly: true })
        expect((await session.must(op.getData(at.root))).data).toBe('before')
        const outcomes: Record<string, string> = {}
        for (const [name, operation] of Object.entries({
          create: op.create(`${at.root}/n`),
          delete: op.remove(at.root),
          setData: op.setData(at.root),
          setAcl: op.setAcl(at.root),
          sync: op.sync('/'),
          multi: op.multi(op.setData(at.root)),
          createContainer: op.createContainer(`${at.root}/c`),
          createTtl: op.createTtl(`${at.root}/t`, 1000n),
          exists: op.exists(at.root),
          getChildren: op.getChildren(at.root),
          getAcl: op.getAcl(at.root),
          multiRead: op.multiRead(op.getData(at.root)),
          whoAmI: op.whoAmI(),
          getEphemerals: op.getEphemerals('/'),
          getAllChildrenNumber: op.getAllChildrenNumber(at.root),
        }))
          outcomes[name] = (await session.do(operation)).outcome
        expect(outcomes).toEqual({
          create: 'NotReadOnly',
          delete: 'NotReadOnly',
          setData: 'NotReadOnly',
          setAcl: 'NotReadOnly',
          sync: 'NotReadOnly',
          multi: 'NotReadOnly',
          createContainer: 'NotReadOnly',
          createTtl: 'NotReadOnly',
          exists: 'ok',
          getChildren: 'ok',
          getAcl: 'ok',
          multiRead: 'ok',
          whoAmI: 'ok',
          getEphemerals: 'ok',
          getAllChildrenNumber: 'ok',
        })
        const stubborn = await at.dial({ address, readOnly: false })
        expect(stubborn.greeting).toBeNull()
      },
      kills,
    )

    it(
      'a client that accepts read-only returns to a full session by itself',
      async (at) => {
        const others = at.ensemble.members.slice(1)
        const address = await isolate(at)
        const client = await at.client({ readOnly: true })
        expect(client.state).toBe('connectedReadOnly')
        expect(client.server.port).toBe(Number(address.split(':')[1]))
        expect(await client.exists(at.root)).not.toBeNull()
        await expect(client.setData(at.root, 'x')).rejects.toMatchObject({ code: -119 })
        await Promise.all(others.map(({ id }) => at.ensemble.start(id)))
        await eventually('a full session', () => client.state === 'connected', { timeoutMs: 25_000 })
        await writes(client, at.root, 'y')
      },
      kills,
    )
  },
  { sequential: true },
)
