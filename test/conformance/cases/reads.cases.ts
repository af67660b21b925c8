/** whoAmI, getEphemerals, getAllChildrenNumber, multiRead, the config znode, four-letter words. */
import { expect } from 'vitest'
import { fourLetterWord, KeeperError } from '../../../src/client/index.ts'
import * as op from '../operations.ts'
import { conformance, splitAddress } from '../suite.ts'

conformance('reads', 'plain', (it) => {
  it('whoAmI reports the address of a client that has not logged in', async (at) => {
    expect((await (await at.open()).must(op.whoAmI())).ids).toEqual(['ip:127.0.0.1'])
  })

  it('whoAmI shows no password and no hash', async (at) => {
    const client = await at.client()
    await client.addAuth('digest', 'fred:secret')
    const ids = (await client.whoAmI()).sort((a, b) => (a.scheme < b.scheme ? -1 : 1))
    expect(ids).toEqual([
      { scheme: 'digest', id: 'fred' },
      { scheme: 'ip', id: '127.0.0.1' },
    ])
  })

  it('whoAmI reports every login', async (at) => {
    const session = await at.open()
    await session.must(op.auth('digest', 'fred:secret'))
    await session.must(op.auth('digest', 'jane:secret'))
    const { ids } = await session.must(op.whoAmI())
    expect(ids.sort()).toEqual(['digest:fred', 'digest:jane', 'ip:127.0.0.1'])
  })

  it('getEphemerals lists those of the session, and of no other', async (at) => {
    const [session, other] = [await at.open(), await at.open()]
    await session.must(op.create(`${at.root}/mine`, { flags: op.Flag.ephemeral }))
    await session.must(op.create(`${at.root}/kept`))
    await other.must(op.create(`${at.root}/theirs`, { flags: op.Flag.ephemeral }))
    expect((await session.must(op.getEphemerals('/'))).paths).toEqual([`${at.root}/mine`])
  })

  it(
    'getEphemerals takes a prefix letter by letter',
    async (at) => {
      const session = await at.open()
      for (const name of ['app', 'apple', 'b'])
        await session.must(op.create(`${at.root}/${name}`, { flags: 1 }))
      expect((await session.must(op.getEphemerals(`${at.root}/app`))).paths).toEqual([
        `${at.root}/app`,
        `${at.root}/apple`,
      ])
      expect((await session.must(op.getEphemerals(`${at.root}/x`))).paths).toEqual([])
    },
    { surprise: 'the prefix need not end where a name ends' },
  )

  it('getEphemerals lists them at every server', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/e`, { flags: 1 }))
    await session.drop()
    const { sessionId, password } = session
    const again = await at.open({ sessionId, password, address: at.elsewhere })
    await again.settle()
    expect((await again.must(op.getEphemerals('/'))).paths).toEqual([`${at.root}/e`])
  })

  it('getAllChildrenNumber counts at every depth', async (at) => {
    const session = await at.open()
    expect((await session.must(op.getAllChildrenNumber(at.root))).count).toBe(0)
    for (const path of ['/a', '/a/b', '/a/b/c', '/d']) await session.must(op.create(at.root + path))
    expect((await session.must(op.getAllChildrenNumber(at.root))).count).toBe(4)
    expect((await session.must(op.getAllChildrenNumber(`${at.root}/a`))).count).toBe(2)
    expect((await session.must(op.getAllChildrenNumber(`${at.root}/a/b/c`))).count).toBe(0)
  })

  it('getAllChildrenNumber does not count siblings whose names begin alike', async (at) => {
    const session = await at.open()
    for (const path of ['/a', '/a/b', '/ab', '/ab/c', '/ab/d']) await session.must(op.create(at.root + path))
    expect((await session.must(op.getAllChildrenNumber(`${at.root}/a`))).count).toBe(1)
  })

  it('getAllChildrenNumber needs no permission below', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/a`))
    await session.must(op.create(`${at.root}/a/b`))
    await session.must(op.setAcl(`${at.root}/a`, [[0, 'world', 'anyone']]))
    expect((await session.must(op.getAllChildrenNumber(at.root))).count).toBe(2)
  })

  it('multiRead answers each read on its own', async (at) => {
    const client = await at.client()
    await client.create(`${at.root}/a`, 'data')
    const [a, names, none] = await client
      .multiRead()
      .getData(`${at.root}/a`)
      .getChildren(at.root)
      .getData(`${at.root}/none`)
      .run()
    expect(a instanceof KeeperError ? a : a.data?.toString()).toBe('data')
    expect(names).toEqual(['a'])
    expect(none).toMatchObject({ code: -101, path: `${at.root}/none` })
  })

  it('multiRead of nothing is answered', async (at) => {
    expect(await (await at.client()).multiRead().run()).toEqual([])
  })

  it('multiRead ignores its watch flags', async (at) => {
    const session = await at.open()
    await session.must(op.multiRead(op.getData(at.root, true), op.getChildren(at.root, true)))
    await session.must(op.setData(at.root))
    await session.must(op.create(`${at.root}/child`))
    expect(session.events).toEqual([])
  })

  it('multiRead of 100 reads', async (at) => {
    const session = await at.open()
    const { results } = await session.must(
      op.multiRead(...Array.from({ length: 100 }, () => op.getData(at.root))),
    )
    expect(results).toHaveLength(100)
  })

  it('getChildren has no defined order, getChildren2 adds the Stat', async (at) => {
    const session = await at.open()
    for (const name of ['b', 'a', 'c']) await session.must(op.create(`${at.root}/${name}`))
    const plain = await session.must(op.getChildren(at.root))
    const full = await session.must(op.getChildren2(at.root))
    const { stat } = await session.must(op.exists(at.root))
    expect(plain.children).toEqual(['a', 'b', 'c'])
    expect(full).toEqual({ children: ['a', 'b', 'c'], stat })
  })

  it('children by the thousand', async (at) => {
    const session = await at.open()
    const names = Array.from({ length: 1000 }, (_, i) => `child-${i}`)
    for (let from = 0; from < 1000; from += 250)
      await session.must(
        op.multi(...names.slice(from, from + 250).map((name) => op.create(`${at.root}/${name}`))),
      )
    expect((await session.must(op.getChildren(at.root))).children).toEqual([...names].sort())
  })

  it('/ has the child zookeeper, which has config and quota', async (at) => {
    const session = await at.open()
    expect((await session.must(op.getChildren('/'))).children).toContain('zookeeper')
    const { children } = await session.must(op.getChildren('/zookeeper'))
    expect(children).toEqual(expect.arrayContaining(['config', 'quota']))
  })

  it('/zookeeper/config names every server and the version', async (at) => {
    const client = await at.client()
    const { text, servers, version } = await client.getConfig()
    expect(servers.size).toBe(at.ensemble.addresses.length)
    expect(version).toBe(0n)
    expect(text).toMatch(/\nversion=0$/)
    for (const address of servers.values())
      expect(address).toMatch(/^127\.0\.0\.1:\d+:\d+:participant(;.*)?$/)
  })

  it('/zookeeper/config may be read by all and changed by none', async (at) => {
    const session = await at.open()
    expect((await session.must(op.getAcl('/zookeeper/config'))).acl).toEqual([[1, 'world', 'anyone']])
    expect((await session.do(op.setData('/zookeeper/config'))).outcome).toBe('NoAuth')
  })

  it('reconfig is off by default', async (at) => {
    const session = await at.open()
    expect((await session.do(op.reconfig(null, '9', null))).outcome).toBe('ReconfigDisabled')
    expect((await session.do(op.reconfig(null, null, null))).outcome).toBe('ReconfigDisabled')
  })

  it('the ACL of / and of /zookeeper is open', async (at) => {
    const session = await at.open()
    for (const path of ['/', '/zookeeper', '/zookeeper/quota'])
      expect((await session.must(op.getAcl(path))).acl).toEqual([[31, 'world', 'anyone']])
  })

  it('getAcl returns what was set, in its order', async (at) => {
    const session = await at.open()
    const acl = [
      [3, 'world', 'anyone'],
      [31, 'ip', '10.0.0.1'],
      [16, 'world', 'anyone'],
    ] as const
    await session.must(op.setAcl(at.root, acl))
    expect((await session.must(op.getAcl(at.root))).acl).toEqual(acl)
  })

  const absent: Record<string, string> = { envi: 'it tells of a JVM' }
  for (const [word, pattern] of Object.entries({
    ruok: /^imok$/,
    srvr: /^Zookeeper version: 3\.\S+.*\nLatency min\/avg\/max: .*\nReceived: \d+\nSent: \d+\nConnections: \d+\nOutstanding: \d+\nZxid: 0x[0-9a-f]+\nMode: (leader|follower)\n/,
    stat: /^Zookeeper version: .*\nClients:\n( \/127\.0\.0\.1:\d+\[\d\]\(.*\)\n)+/,
    conf: /^clientPort=\d+\nsecureClientPort=-1\ndataDir=.*\n/,
    isro: /^rw$/,
    mntr: /^zk_version\t3\./m,
    envi: /^Environment:\nzookeeper\.version=/,
    wchs: /^\d+ connections watching \d+ paths\nTotal watches:\d+\n?$/,
    dirs: /^datadir_size: \d+\nlogdir_size: \d+\n?$/,
    crst: /^Connection stats reset\.\n$/,
    srst: /^Server stats reset\.\n$/,
    cons: /^( \/127\.0\.0\.1:\d+\[\d\]\(.*\)\n)+/,
  }))
    it(
      `the four-letter word ${word}`,
      async (at) => {
        await at.open()
        const [host, port] = splitAddress(at.address)
        expect(await fourLetterWord(host, port, word)).toMatch(pattern)
      },
      absent[word] === undefined ? {} : { differs: absent[word] },
    )

  it('an unknown word of four letters is taken for a length, and closes the connection', async (at) => {
    const [host, port] = splitAddress(at.address)
    expect(await fourLetterWord(host, port, 'xxxx')).toBe('')
  })
})
