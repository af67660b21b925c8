/**
 * The checks by which every scenario is judged can fail: unequal trees, lost and doubled writes, unexplained
 * log records.
 */
import { describe, expect, it } from 'vitest'
import type { Stat } from '../../src/client/index.ts'
import { seatsOf } from './arrangement.ts'
import { Ledger } from './ledger.ts'
import { readLog, unexplained } from './memberLogs.ts'
import { scenarios } from './scenarios/index.ts'
import { table } from './table.mjs'
import { type Tree, treeDifferences, type Znode } from './znodes.ts'

/** Six columns of three letters fit beside a title of this width within 100 characters. */
const WIDEST_TITLE = 58

const stat = { czxid: 1, mzxid: 1, ctime: 5, mtime: 5, version: 0, cversion: 0, aversion: 0, pzxid: 1 }
const znode = (data: string | null, more: object = {}): Znode => ({
  data: data === null ? null : Buffer.from(data),
  acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
  stat: { ...stat, dataLength: 0, numChildren: 0, ephemeralOwner: 0n, ...more } as unknown as Stat,
})
const treeOf = (znodes: Record<string, Znode>): Tree => new Map(Object.entries(znodes))

describe('an arrangement', () => {
  it('is letters, voters before observers', () => {
    expect(seatsOf('ZAz')).toEqual([
      { id: 0, engine: 'zk-pseudo', isObserver: false },
      { id: 1, engine: 'apache', isObserver: false },
      { id: 2, engine: 'zk-pseudo', isObserver: true },
    ])
    for (const word of ['', 'aZ', 'ZzA', 'ZB']) expect(() => seatsOf(word)).toThrow('is no arrangement')
  })
})

describe('the scenarios', () => {
  it('have names of their own, titles that fit the table, and a core that is played', () => {
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
    for (const { name, title, where, core } of scenarios) {
      expect(title.length, name).toBeLessThanOrEqual(WIDEST_TITLE)
      expect(
        core.filter((arrangement) => !where.includes(arrangement)),
        name,
      ).toEqual([])
      expect(new Set(where).size, name).toBe(where.length)
      for (const arrangement of where) seatsOf(arrangement)
    }
  })
})

describe('trees', () => {
  const one = treeOf({ '/': znode(''), '/a': znode('1'), '/b': znode(null) })

  it('that are the same have no differences', () => {
    expect(treeDifferences(one, treeOf(Object.fromEntries(one)))).toEqual([])
  })

  it.each([
    ['one znode fewer', { '/b': undefined }, '/b is there in the first only'],
    ['one znode more', { '/c': znode('') }, '/c is there in the second only'],
    ['other data', { '/a': znode('2') }, '/a: data is "1" and "2"'],
    ['empty data instead of none', { '/b': znode('') }, '/b: data is null and ""'],
    ['a later version', { '/a': znode('1', { version: 1 }) }, '/a: Stat.version is 0 and 1'],
    [
      'another owner',
      { '/a': znode('1', { ephemeralOwner: 3n }) },
      '/a: Stat.ephemeralOwner is "0x0" and "0x3"',
    ],
    [
      'another ACL',
      { '/a': { ...znode('1'), acl: [] } },
      '/a: acl is [{"perms":31,"id":{"scheme":"world","id":"anyone"}}] and []',
    ],
  ])('differ by %s', (_, change, difference) => {
    const other = Object.entries({ ...Object.fromEntries(one), ...change }).filter(
      ([, node]) => node !== undefined,
    )
    expect(treeDifferences(one, new Map(other as [string, Znode][]))).toEqual([difference])
  })

  it('need not agree on when /zookeeper/config was read from a file', () => {
    const config = (mtime: number) => treeOf({ '/zookeeper/config': znode('version=0', { mtime }) })
    expect(treeDifferences(config(1), config(2))).toEqual([])
  })
})

describe('the ledger of a load', () => {
  function ledger(): Ledger {
    const made = new Ledger()
    made.created('/load/plain-a', 'a')
    made.created('/load/n-0000000001', 'n1')
    made.counted(true)
    made.counted(false)
    return made
  }
  const kept = {
    '/load/plain-a': znode('a'),
    '/load/n-0000000001': znode('n1'),
    '/load/n-0000000002': znode('n2'),
    '/load/counter': znode('1', { version: 1 }),
  }

  it('is kept by a tree that holds all of it, and perhaps what is uncertain', () => {
    expect(ledger().judge(treeOf(kept))).toEqual([])
    expect(ledger().judge(treeOf({ ...kept, '/load/counter': znode('2', { version: 2 }) }))).toEqual([])
  })

  it('is broken by a loss, other data, a duplicate, a wrong counter', () => {
    const { '/load/plain-a': lost, ...rest } = kept
    expect(ledger().judge(treeOf(rest))).toEqual(['/load/plain-a was acknowledged with a, and holds nothing'])
    expect(ledger().judge(treeOf({ ...kept, '/load/plain-a': znode('b') }))).toHaveLength(1)
    expect(ledger().judge(treeOf({ ...kept, '/load/n-0000000003': znode('n2') }))).toEqual([
      'n2 was sent once, and is there twice',
    ])
    for (const total of [0, 3]) {
      const counter = znode(String(total), { version: total })
      expect(ledger().judge(treeOf({ ...kept, '/load/counter': counter }))).toHaveLength(1)
    }
    const given = ledger()
    given.created('/load/n-0000000001', 'n1')
    expect(given.judge(treeOf(kept))).toEqual(['/load/n-0000000001 was given out twice'])
  })
})

describe('a log', () => {
  const engineOf = (id: number) => (id === 0 ? 'apache' : 'zk-pseudo')
  const judge = (hadFaults: boolean, ...records: object[]) => {
    const lines = records
      .map((record) => JSON.stringify({ time: 0, level: 30, member: 0, ...record }))
      .join('\n')
    return unexplained('apache', readLog(lines), { hadFaults, engineOf }).length
  }
  const gone = {
    level: 50,
    msg: 'Unexpected exception in LearnerHandler',
    logger: 'LearnerHandler',
    stack: 'java.io.EOFException',
  }
  const inSync = {
    level: 40,
    msg: 'Exception when following the leader',
    stack: 'NullPointerException: "pif" is null at Learner.syncWithLeader',
  }
  const follows = (leader: number) => ({ msg: 'FOLLOWING', leader })

  it('may mention members that ended, if any did', () => {
    expect([judge(true, gone), judge(false, gone)]).toEqual([0, 1])
  })

  it('may not mention anything else', () => {
    expect(judge(true, { level: 50, msg: 'Next packet was supposed to be an ACK, but it is PING' })).toBe(1)
    expect(judge(true, { msg: 'Digests are not matching. Value is Zxid.' })).toBe(1)
    expect(judge(true, { level: 40, msg: 'oops', stack: 'java.lang.NullPointerException' })).toBe(1)
  })

  it('reports digests that differ, unless Apache replays what it logged twice', () => {
    const differs = { level: 40, msg: 'Message:Digests are not matching. Value is Zxid. Value:12884901889' }
    const more = {
      level: 40,
      msg: '[7 times] Message: Digests are not matching. Value is Zxid. Last value:12884901890',
    }
    const first = {
      level: 50,
      msg: 'First digest mismatch on txn: 72059879869972480,0,12884901889,1795278327556,-10',
    }
    const again = (zxid: number) => ({
      level: 50,
      msg: `12884902599(highestZxid) > ${zxid}(next log) for type 1`,
    })
    expect(judge(true, differs, more, first)).toBe(3)
    expect(judge(true, differs, again(12884901889), more, first)).toBe(1)
    expect(judge(true, differs, again(12884901889), again(12884901890), more, first)).toBe(0)
    expect(judge(false, differs, again(12884901889))).toBe(1)
  })

  it('reports an early ACK, unless it is from Apache', () => {
    const early = (sid: number) => ({
      level: 50,
      msg: `NEWLEADER ACK from sid: ${sid} is from a different epoch`,
    })
    expect([judge(true, early(0)), judge(true, early(1))]).toEqual([0, 1])
  })

  it('accepts a COMMIT in the middle of a sync only under a leader of Apache', () => {
    expect(judge(true, follows(0), inSync)).toBe(0)
    expect(judge(true, follows(1), inSync)).toBe(1)
    expect(judge(true, follows(0), follows(1), inSync)).toBe(1)
  })
})

describe('the table', () => {
  it('shows what failed and what is limited, and stays narrow', () => {
    const play = (arrangement: string, passed: boolean, limit: string | null = null) => {
      return { name: 'x', title: 'x'.repeat(WIDEST_TITLE), arrangement, passed, limit }
    }
    const page = table([play('AZZ', true), play('ZAA', false), play('AZZaz', true, 'no more than this')], {
      apache: '3.8.0',
      java: '17',
      seconds: 600,
    })
    expect(page).toContain('Apache ZooKeeper 3.8.0 on Java 17. 3 plays of 1 scenarios,')
    expect(page).toMatch(/\*\*1 failed\*\*, in 10 minutes/)
    expect(page).toMatch(/AZZ \| ZAA {4}\|[\s\S]*\| yes \| \*\*no\*\* \|/)
    expect(page).toMatch(/\| yes \[1\] \|[\s\S]*1\. no more than this/)
    for (const line of page.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  })
})
