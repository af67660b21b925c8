/**
 * Features that are off by default: TTLs, containers that are removed automatically, enforced quotas, local
 * sessions, SASL, super.
 */
import { expect } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import * as op from '../operations.ts'
import { SASL_USER, SUPER } from '../profiles.ts'
import type { RawSession } from '../rawSession.ts'
import { conformance } from '../suite.ts'

const isGone = (session: RawSession, path: string) =>
  eventually(`${path} to go`, async () => (await session.do(op.exists(path))).outcome === 'NoNode')
const nap = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

conformance('containers and TTLs', 'extended', (it) => {
  it('a container is removed after its last child', async (at) => {
    const session = await at.open()
    await session.must(op.createContainer(`${at.root}/c`))
    await session.must(op.create(`${at.root}/c/child`))
    await session.must(op.remove(`${at.root}/c/child`))
    await isGone(session, `${at.root}/c`)
  })

  it('a container that never had a child stays', async (at) => {
    const session = await at.open()
    await session.must(op.createContainer(`${at.root}/c`))
    await nap(1200)
    expect((await session.do(op.exists(`${at.root}/c`))).outcome).toBe('ok')
  })

  it('a container with children stays', async (at) => {
    const session = await at.open()
    await session.must(op.createContainer(`${at.root}/c`))
    await session.must(op.create(`${at.root}/c/a`))
    await session.must(op.create(`${at.root}/c/b`))
    await session.must(op.remove(`${at.root}/c/a`))
    await nap(1200)
    expect((await session.do(op.exists(`${at.root}/c`))).outcome).toBe('ok')
  })

  it('a container shows no owner', async (at) => {
    const session = await at.open()
    const { stat } = await session.must(op.createContainer(`${at.root}/c`))
    expect(stat.ephemeralOwner).toBe(0n)
  })

  it('a container within a container is removed first', async (at) => {
    const session = await at.open()
    await session.must(op.createContainer(`${at.root}/c`))
    await session.must(op.createContainer(`${at.root}/c/d`))
    await session.must(op.create(`${at.root}/c/d/child`))
    await session.must(op.remove(`${at.root}/c/d/child`))
    await isGone(session, `${at.root}/c/d`)
    await isGone(session, `${at.root}/c`)
  })

  it('the removal of a container fires watches', async (at) => {
    const session = await at.open()
    await session.must(op.createContainer(`${at.root}/c`))
    await session.must(op.create(`${at.root}/c/child`))
    await session.must(op.exists(`${at.root}/c`, true))
    await session.must(op.getChildren(at.root, true))
    await session.must(op.remove(`${at.root}/c/child`))
    await eventually('the events', async () => {
      await session.ping()
      return session.events.length === 2
    })
    expect(session.events).toEqual([`deleted ${at.root}/c`, `childrenChanged ${at.root}`])
  })

  it('a container may be emptied by the removal of an ephemeral child', async (at) => {
    const [session, other] = [await at.open(), await at.open()]
    await session.must(op.createContainer(`${at.root}/c`))
    await other.must(op.create(`${at.root}/c/e`, { flags: 1 }))
    await other.close()
    await isGone(session, `${at.root}/c`)
  })

  it('the client creates containers and TTL znodes', async (at) => {
    const client = await at.client()
    expect(await client.createContainer(`${at.root}/c`)).toBe(`${at.root}/c`)
    expect(await client.createTtl(`${at.root}/t`, 60_000)).toBe(`${at.root}/t`)
    expect(await client.createTtl(`${at.root}/s-`, 60_000, null, { sequential: true })).toBe(
      `${at.root}/s-0000000002`,
    )
  })

  it('a TTL znode is removed when its time has passed', async (at) => {
    const session = await at.open()
    const { stat } = await session.must(op.createTtl(`${at.root}/t`, 200n))
    expect(stat.ephemeralOwner).toBe(0n)
    await isGone(session, `${at.root}/t`)
  })

  it('a TTL znode with children stays until they are gone', async (at) => {
    const session = await at.open()
    await session.must(op.createTtl(`${at.root}/t`, 100n))
    await session.must(op.create(`${at.root}/t/child`))
    await nap(1200)
    expect((await session.do(op.exists(`${at.root}/t`))).outcome).toBe('ok')
    await session.must(op.remove(`${at.root}/t/child`))
    await isGone(session, `${at.root}/t`)
  })

  it('a TTL znode that is written to stays', async (at) => {
    const session = await at.open()
    await session.must(op.createTtl(`${at.root}/t`, 1500n))
    for (let i = 0; i < 8; i++) {
      await nap(300)
      expect((await session.do(op.setData(`${at.root}/t`))).outcome).toBe('ok')
    }
    await isGone(session, `${at.root}/t`)
  })

  it('a TTL znode outlives its session', async (at) => {
    const session = await at.open()
    await session.must(op.createTtl(`${at.root}/t`, 60_000n))
    await session.close()
    const other = await at.open()
    await other.settle()
    expect((await other.do(op.exists(`${at.root}/t`))).outcome).toBe('ok')
  })

  it('a TTL znode may not be created below an ephemeral', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/e`, { flags: 1 }))
    expect((await session.do(op.createTtl(`${at.root}/e/t`, 1000n))).outcome).toBe('NoChildrenForEphemerals')
  })
})

conformance('quotas', 'extended', (it) => {
  const limits = '/zookeeper_limits'
  const stats = '/zookeeper_stats'

  // All requests go to the leader: it checks a write against the statistics of its own tree, and a follower
  // may apply and answer the preceding write before the leader has applied it.

  /** Sets a quota for a path. */
  async function setQuota(session: RawSession, path: string, text: string): Promise<string> {
    const quota = `/zookeeper/quota${path}`
    const parts = quota.split('/').slice(3)
    for (let i = 1; i <= parts.length; i++)
      await session.do(op.create(`/zookeeper/quota/${parts.slice(0, i).join('/')}`))
    await session.must(op.create(quota + limits, { data: text }))
    await session.must(op.create(quota + stats, { data: 'count=0,bytes=0' }))
    return quota
  }

  async function used(session: RawSession, quota: string): Promise<string> {
    return (await session.must(op.getData(quota + stats))).data
  }

  it('the statistics count the znode itself and all below', async (at) => {
    const session = await at.open({ address: at.ensemble.leaderAddress })
    await session.must(op.create(`${at.root}/q`, { data: 'abc' }))
    await session.must(op.create(`${at.root}/q/a`, { data: 'de' }))
    const quota = await setQuota(session, `${at.root}/q`, 'count=10,bytes=100')
    expect(await used(session, quota)).toBe('count=2,bytes=5')
  })

  it('the statistics follow creates, changes and deletes', async (at) => {
    const session = await at.open({ address: at.ensemble.leaderAddress })
    await session.must(op.create(`${at.root}/q`))
    const quota = await setQuota(session, `${at.root}/q`, 'count=10,bytes=100')
    await session.must(op.create(`${at.root}/q/a`, { data: 'abc' }))
    expect(await used(session, quota)).toBe('count=2,bytes=3')
    await session.must(op.setData(`${at.root}/q/a`, 'abcdef'))
    expect(await used(session, quota)).toBe('count=2,bytes=6')
    await session.must(op.remove(`${at.root}/q/a`))
    expect(await used(session, quota)).toBe('count=1,bytes=0')
  })

  const cases: Record<string, [limit: string, make: (path: string) => op.Operation[], outcomes: string[]]> = {
    'a soft count limit only warns': [
      'count=1,bytes=-1',
      (path) => [op.create(`${path}/a`), op.create(`${path}/b`)],
      ['ok', 'ok'],
    ],
    'a soft bytes limit only warns': ['count=-1,bytes=1', (path) => [op.setData(path, 'too long')], ['ok']],
    'a hard count limit counts the znode itself': [
      'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2',
      (path) => [op.create(`${path}/a`), op.create(`${path}/b`)],
      ['ok', 'QuotaExceeded'],
    ],
    'a hard count limit is open again after a delete': [
      'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2',
      (path) => [op.create(`${path}/a`), op.remove(`${path}/a`), op.create(`${path}/b`)],
      ['ok', 'ok', 'ok'],
    ],
    'a hard bytes limit stops a setData': [
      'count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=-1',
      (path) => [op.setData(path, '12345'), op.setData(path, '123456')],
      ['ok', 'QuotaExceeded'],
    ],
    'a hard bytes limit stops a create': [
      'count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=-1',
      (path) => [op.create(`${path}/a`, { data: '123' }), op.create(`${path}/b`, { data: '456' })],
      ['ok', 'QuotaExceeded'],
    ],
    'a hard bytes limit lets what shrinks pass': [
      'count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=-1',
      (path) => [op.setData(path, '12345'), op.setData(path, '1'), op.setData(path, '1234')],
      ['ok', 'ok', 'ok'],
    ],
    'a hard limit of 0 count stops all creates': [
      'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=0',
      (path) => [op.create(`${path}/a`), op.setData(path, 'x')],
      ['QuotaExceeded', 'ok'],
    ],
    'deletes are always allowed': [
      'count=-1,bytes=-1=;byteHardLimit=0;countHardLimit=0',
      (path) => [op.remove(path)],
      ['ok'],
    ],
    'a create of a container counts': [
      'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1',
      (path) => [op.createContainer(`${path}/c`)],
      ['QuotaExceeded'],
    ],
    'a create with a TTL counts': [
      'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1',
      (path) => [op.createTtl(`${path}/t`, 1000n)],
      ['QuotaExceeded'],
    ],
    'grandchildren count': [
      'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2',
      (path) => [op.create(`${path}/a`), op.create(`${path}/a/b`)],
      ['ok', 'QuotaExceeded'],
    ],
  }
  for (const [name, [limit, make, outcomes]] of Object.entries(cases))
    it(name, async (at) => {
      const session = await at.open({ address: at.ensemble.leaderAddress })
      await session.must(op.create(`${at.root}/q`))
      await setQuota(session, `${at.root}/q`, limit)
      const answers: string[] = []
      for (const operation of make(`${at.root}/q`)) answers.push((await session.do(operation)).outcome)
      expect(answers).toEqual(outcomes)
    })

  it(
    'a multi beyond a hard limit',
    async (at) => {
      const session = await at.open({ address: at.ensemble.leaderAddress })
      await session.must(op.create(`${at.root}/q`))
      await setQuota(session, `${at.root}/q`, 'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2')
      const { results } = await session.must(
        op.multi(op.create(`${at.root}/q/a`), op.create(`${at.root}/q/b`)),
      )
      const { children } = await session.must(op.getChildren(`${at.root}/q`))
      expect([results.map((r: op.PartResult) => op.errorText(r.err)), children]).toEqual([
        ['ok', 'ok'],
        ['a', 'b'],
      ])
    },
    { surprise: 'each part is measured by what was there before the multi' },
  )

  it('removing the quota znodes removes the limit', async (at) => {
    const session = await at.open({ address: at.ensemble.leaderAddress })
    await session.must(op.create(`${at.root}/q`))
    const quota = await setQuota(
      session,
      `${at.root}/q`,
      'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1',
    )
    expect((await session.do(op.create(`${at.root}/q/a`))).outcome).toBe('QuotaExceeded')
    await session.must(op.remove(quota + limits))
    await session.must(op.remove(quota + stats))
    expect((await session.do(op.create(`${at.root}/q/a`))).outcome).toBe('ok')
  })
})

conformance('logins', 'extended', (it) => {
  const locked = [[31, 'digest', 'nobody:x']] as const

  it('super passes every check', async (at) => {
    const client = await at.client()
    const session = await at.open()
    await session.must(op.create(`${at.root}/n`, { acl: locked }))
    await client.sync()
    await expect(client.getData(`${at.root}/n`)).rejects.toMatchObject({ code: -102 })
    await client.addAuth('digest', SUPER)
    await client.setData(`${at.root}/n`, 'by super')
    await client.setAcl(`${at.root}/n`, [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }])
    await client.delete(`${at.root}/n`)
  })

  it('super with another password is a plain user', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/n`, { acl: locked }))
    await session.must(op.auth('digest', 'super:wrong'))
    expect((await session.do(op.getData(`${at.root}/n`))).outcome).toBe('NoAuth')
  })

  it('whoAmI reports super', async (at) => {
    const session = await at.open()
    await session.must(op.auth('digest', SUPER))
    const { ids } = await session.must(op.whoAmI())
    expect(ids.sort()).toEqual(['digest:super', 'ip:127.0.0.1', 'super:'])
  })

  it('super sees the hashes of an ACL', async (at) => {
    const session = await at.open()
    await session.must(
      op.create(`${at.root}/n`, {
        acl: [
          [1, 'world', 'anyone'],
          [31, 'digest', 'fred:hash'],
        ],
      }),
    )
    expect((await session.must(op.getAcl(`${at.root}/n`))).acl[1]).toEqual([31, 'digest', 'fred:x'])
    await session.must(op.auth('digest', SUPER))
    expect((await session.must(op.getAcl(`${at.root}/n`))).acl[1]).toEqual([31, 'digest', 'fred:hash'])
  })

  it('a SASL login identifies its user', async (at) => {
    const client = await at.client({ sasl: SASL_USER })
    const ids = (await client.whoAmI()).map(({ scheme, id }) => `${scheme}:${id}`).sort()
    expect(ids).toEqual(['ip:127.0.0.1', 'sasl:fred'])
  })

  it('a znode of a SASL user is closed to everyone else', async (at) => {
    const fred = await at.client({ sasl: SASL_USER })
    await fred.create(`${at.root}/n`, 'x', { acl: [{ perms: 31, id: { scheme: 'sasl', id: 'fred' } }] })
    const guest = await at.client({ sasl: { user: 'guest', password: 'guest-secret' } })
    await guest.sync()
    await expect(guest.getData(`${at.root}/n`)).rejects.toMatchObject({ code: -102 })
    expect((await fred.getData(`${at.root}/n`)).data?.toString()).toBe('x')
  })

  it('auth in an ACL stands for the SASL user, too', async (at) => {
    const fred = await at.client({ sasl: SASL_USER })
    await fred.create(`${at.root}/n`, 'x', { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] })
    expect((await fred.getAcl(`${at.root}/n`)).acl).toEqual([
      { perms: 31, id: { scheme: 'sasl', id: 'fred' } },
    ])
  })

  it('a SASL login is repeated after a reconnect', async (at) => {
    // The client stays at one server, because other servers do not know a local session.
    const fred = await at.client({ sasl: SASL_USER, address: at.address })
    await fred.create(`${at.root}/n`, 'x', { acl: [{ perms: 31, id: { scheme: 'sasl', id: 'fred' } }] })
    fred.dropConnection()
    expect((await fred.getData(`${at.root}/n`)).data?.toString()).toBe('x')
  })

  it('a SASL login with a wrong password is refused', async (at) => {
    await expect(at.client({ sasl: { user: 'fred', password: 'wrong' } })).rejects.toMatchObject({
      code: -115,
    })
  })

  it('a SASL login of an unknown user is refused', async (at) => {
    await expect(at.client({ sasl: { user: 'nobody', password: 'x' } })).rejects.toMatchObject({ code: -115 })
  })

  it('a client that does not log in by SASL is served, too', async (at) => {
    expect(await (await at.client()).exists('/')).not.toBeNull()
  })

  it('the challenge is one of DIGEST-MD5', async (at) => {
    const session = await at.open()
    const { token } = await session.must(op.sasl(''))
    expect(token).toMatch(/nonce="[^"]+"/)
    expect(token).toContain('realm="zk-sasl-md5"')
    // The challenge leaves qop out, which means `auth`.
    expect(token).not.toContain('qop')
    expect(token).toContain('algorithm=md5-sess')
    expect(token).toContain('charset=utf-8')
  })

  it('anything but a response is refused, and the connection is closed', async (at) => {
    const session = await at.open()
    await session.must(op.sasl(''))
    const answer = await session.do(op.sasl('nonsense'))
    expect(answer.outcome).toBe('AuthFailed')
    await session.closed()
  })

  it('an id of the scheme sasl may stand in an ACL', async (at) => {
    const session = await at.open()
    expect((await session.do(op.create(`${at.root}/n`, { acl: [[31, 'sasl', 'fred']] }))).outcome).toBe('ok')
  })
})

conformance('local sessions', 'extended', (it) => {
  it('a session moves once it has an ephemeral', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/e`, { flags: 1 }))
    await session.drop()
    const { sessionId, password } = session
    const again = await at.dial({ sessionId, password, address: at.elsewhere })
    expect(again.greeting?.sessionId).toBe(sessionId)
  })

  it('a session without ephemerals does not move', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/p`))
    await session.drop()
    const { sessionId, password } = session
    const again = await at.dial({ sessionId, password, address: at.elsewhere })
    expect(again.greeting?.timeoutMs).toBe(0)
  })

  it('a session without ephemerals can be resumed at its own server', async (at) => {
    const session = await at.open()
    await session.drop()
    const { sessionId, password } = session
    const again = await at.dial({ sessionId, password })
    expect(again.greeting?.sessionId).toBe(sessionId)
  })

  it('an ephemeral shows its session, and is removed with it', async (at) => {
    const session = await at.open()
    const { stat } = await session.must(op.create2(`${at.root}/e`, { flags: 1 }))
    expect(stat.ephemeralOwner).toBe(session.sessionId)
    await session.close()
    const other = await at.open()
    await other.settle()
    expect((await other.do(op.exists(`${at.root}/e`))).outcome).toBe('NoNode')
  })

  it('an ephemeral within a multi makes the session global', async (at) => {
    const session = await at.open()
    await session.must(op.multi(op.create(`${at.root}/e`, { flags: 1 })))
    await session.drop()
    const { sessionId, password } = session
    const again = await at.dial({ sessionId, password, address: at.elsewhere })
    expect(again.greeting?.sessionId).toBe(sessionId)
  })
})
