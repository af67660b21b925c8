/** Containers and TTL nodes on disk: what either server writes, the other reads, and takes for the same. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { encodeTransaction } from '../../src/protocol/transaction.ts'
import type { Recovered } from '../../src/storage/storage.ts'
import { Database } from '../../src/tree/database.ts'
import {
  converse,
  create,
  createContainer,
  createTtl,
  exists,
  multi,
  remove,
  say,
  setData,
} from '../core/requests/conversation.ts'
import { CoreServer } from '../core/requests/coreServer.ts'
import { SocketServer } from '../core/requests/socketServer.ts'
import { ApacheEnsemble, apacheUnavailable } from '../support/apache.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/fourLetterWord.ts'
import { contents, openStorage } from './support.ts'

const STEPS = [
  createContainer('/served'),
  create('/served/c'),
  remove('/served/c'),
  multi(
    createContainer('/serving'),
    create('/serving/c', 'x'),
    createTtl('/short', 500),
    setData('/short', 'x'),
  ),
  createTtl('/long', 2 ** 39),
  createTtl('/n-', 2 ** 39, 6),
  create('/zookeeper/quota/serving'),
  create('/zookeeper/quota/serving/zookeeper_limits', 'count=9,bytes=-1=;byteHardLimit=70'),
  create('/zookeeper/quota/serving/zookeeper_stats', ''),
  create('/serving/d', 'yy'),
].map((asked) => say('a', asked))

const dirs: string[] = []
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
})

function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'kinds-'))
  dirs.push(dir)
  return dir
}

function kinds({ database }: Pick<Recovered, 'database'>) {
  const { tree } = database
  return {
    containers: [...tree.containers].sort(),
    ttls: [...tree.ttls].sort(),
    quota: String(tree.node('/zookeeper/quota/serving/zookeeper_stats')?.data),
  }
}

const ALL = {
  containers: ['/served', '/serving'],
  ttls: ['/long', '/n-0000000004', '/short'],
  quota: 'count=3,bytes=3',
}

/** A data dir in which a server of ours has had this conversation. */
async function ours(dir: string): Promise<Database> {
  const server = new CoreServer({}, Database.initial('since354'))
  server.now = { monotonicMs: 0, wallMs: Date.now() }
  await converse(server, STEPS)
  const storage = openStorage(dir, { ttlRule: 'since354' })
  storage.recover()
  storage.append(server.transactions.map((txn) => ({ zxid: txn.header.zxid, bytes: encodeTransaction(txn) })))
  storage.sync()
  storage.close()
  return server.core.replica.database
}

test('the log holds every kind', async () => {
  const dir = temporary()
  const database = await ours(dir)
  const recovered = openStorage(dir, { ttlRule: 'since354' }).recover()
  expect(kinds(recovered)).toEqual(ALL)
  expect(contents(recovered.database)).toEqual(contents(database))
  expect(recovered.database.tree.digest).toBe(database.tree.digest)
})

test('without extended types a TTL node is an ephemeral', async () => {
  const dir = temporary()
  await ours(dir)
  const { tree } = openStorage(dir).recover().database
  expect([[...tree.containers], tree.ttls.size, tree.ephemeralsCount]).toEqual([
    ['/served', '/serving'],
    0,
    3,
  ])
})

const unavailable = apacheUnavailable()
describe.skipIf(unavailable)(`Apache ${unavailable ? `(skipped: ${unavailable})` : ''}`, () => {
  const set = { extendedTypesEnabled: 'true' }
  const jvm = { 'znode.container.checkIntervalMs': '300' }

  test('reads ours, deletes what is due, and we read that', { timeout: 60_000 }, async () => {
    const dir = temporary()
    const dataDir = join(dir, 'data-0')
    await ours(dataDir)
    await using apache = await ApacheEnsemble.start({ members: 1, dir, set, jvm })
    const { clientPort } = await apache.waitForLeader()
    const said = await eventually('what is due to be gone', async () => {
      using server = new SocketServer(clientPort)
      const asks = ['/served', '/serving', '/short', '/long'].map((path) => say('a', exists(path)))
      const lines = (await converse(server, asks)).filter((line) => line.startsWith('a < '))
      return lines[0]?.includes('-101') && lines[2]?.includes('-101') ? lines : null
    })
    expect(said.map((line) => line.includes('"ephemeralOwner":"0"'))).toEqual([false, true, false, true])
    // It compares the tree with the digest of each of our transactions.
    expect(await ask(clientPort, 'mntr')).toMatch(/zk_digest_mismatches_count\t0\n/)
    await apache.stop(0)
    const recovered = openStorage(dataDir, { ttlRule: 'since354' }).recover()
    expect(kinds(recovered)).toEqual({
      ...ALL,
      containers: ['/serving'],
      ttls: ['/long', '/n-0000000004'],
    })
    expect(recovered.notes.filter((note) => note.includes('digest'))).toEqual([])
  })

  test('writes what we read', { timeout: 60_000 }, async () => {
    const dir = temporary()
    await using apache = await ApacheEnsemble.start({ members: 1, dir, set })
    const { clientPort } = await apache.waitForLeader()
    using server = new SocketServer(clientPort)
    await converse(server, STEPS)
    await apache.stop(0)
    const recovered = openStorage(join(dir, 'data-0'), { ttlRule: 'since354' }).recover()
    expect(kinds(recovered)).toEqual(ALL)
    expect(recovered.notes.filter((note) => note.includes('digest'))).toEqual([])
  })
})
