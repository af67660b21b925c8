/**
 * Requests that end a server of Apache 3.8.0, and with it a whole ensemble, because it stumbles when it
 * applies what it has proposed (asked: each of these closed the connection, and the server was gone). Here
 * they are refused, or do what they say.
 */
import { expect, test } from 'vitest'
import { Database } from '../../../src/tree/database.ts'
import { type Ask, converse, create, createTtl, getData, raw, remove, say, setData } from './conversation.ts'
import { CoreServer } from './coreServer.ts'

const quota = (...more: Ask[]): Ask[] => [
  create('/q'),
  create('/zookeeper/quota/q'),
  create('/zookeeper/quota/q/zookeeper_limits', 'count=1,bytes=1'),
  create('/zookeeper/quota/q/zookeeper_stats', ''),
  ...more,
]
const STATS = '/zookeeper/quota/q/zookeeper_stats'

test.each<[what: string, asks: Ask[], last: string]>([
  ['createTTL with flags that call for no TTL', [createTtl('/t', -1, 0)], 'err -8'],
  ['createTTL of an ephemeral', [createTtl('/t', -1, 1)], 'err -8'],
  ['limits for everything', [create('/zookeeper/quota/zookeeper_limits', 'count=1,bytes=1')], 'err 0'],
  [
    'a node with the name of limits, and its end',
    [create('/zookeeper/zookeeper_limits'), remove('/zookeeper/zookeeper_limits')],
    'err 0',
  ],
  ['statistics that are no numbers', quota(setData(STATS, 'rubbish'), create('/q/x')), 'err 0'],
  ['statistics without a value', quota(setData(STATS, 'count='), create('/q/x')), 'err 0'],
  ['statistics that are null', quota(setData(STATS, null), create('/q/x')), 'err 0'],
  // Apache's members never answer it in an ensemble; alone it answers this, too.
  ['a multi with a null path', [raw(14, '0000000200ffffffffffffffffffffffff01ffffffff')], 'err -5'],
])('%s', async (_, asks, last) => {
  const server = new CoreServer({ enforceQuota: false }, Database.initial('since354'))
  const steps = [...asks, create('/after'), getData('/after')].map((asked) => say('a', asked))
  const said = await converse(server, steps)
  const replies = said.filter((line) => line.startsWith('a < '))
  expect(replies[asks.length - 1]).toContain(last)
  expect(replies.at(-1)).toContain('err 0')
})

test('statistics that cannot be read begin anew', async () => {
  const server = new CoreServer()
  await converse(server, [
    say('a', ...quota(setData(STATS, 'rubbish'), create('/q/x', 'four'), create('/q/y', '1'))),
  ])
  expect(String(server.core.replica.database.tree.node(STATS)?.data)).toBe('count=1,bytes=4')
})
