/** The way back: a real Apache ZooKeeper opens what this storage wrote, and serves the same znodes. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LoggedTxn } from '../../src/core/effects.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { snapshotName } from '../../src/storage/fileNames.ts'
import { contents, openStorage } from '../storage/support.ts'
import { create, temporaryDir } from '../storage/transactions.ts'
import { ApacheEnsemble, apacheUnavailable } from '../support/apache.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { asSeenByClients, type ExpectedNode, GOLDEN } from './expected.ts'

/** Debian installs kazoo for its own interpreter. */
const PYTHON = '/usr/bin/python3'

function unavailable(): string | undefined {
  const apache = apacheUnavailable()
  if (apache !== undefined) return apache
  if (spawnSync(PYTHON, ['-c', 'import kazoo']).status !== 0)
    return 'kazoo is not installed (Debian: python3-kazoo)'
  return undefined
}
const reason = unavailable()

/** What servers fill in by themselves when they start. */
function comparable(nodes: Record<string, ExpectedNode>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(nodes).filter(([path]) => path !== '/zookeeper/config'))
}

test.skipIf(reason !== undefined).each([
  ['plain', '' as const],
  ['gzip', 'gz' as const],
  ['snappy', 'snappy' as const],
])(
  `Apache opens our log and %s snapshot${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  async (_, snapshotCompression) => {
    const dir = temporaryDir()
    const dataDir = join(dir, 'data-0')
    mkdirSync(dataDir)
    cpSync(join(GOLDEN, 'standalone', 'data', 'version-2'), join(dataDir, 'version-2'), { recursive: true })

    const storage = openStorage(dataDir, { snapshotCompression })
    const { database, lastZxid } = storage.recover()
    const log = (txn: LoggedTxn) => {
      storage.append([txn])
      storage.sync()
      database.apply(decodeTransaction(txn.bytes))
    }
    let next = lastZxid
    const another = (path: string, data: Buffer | null) => {
      const parent = new Map(database.tree.nodes()).get(path.slice(0, path.lastIndexOf('/')))
      log(create(++next as Zxid, path, data, (parent?.cversion ?? 0) + 1))
    }
    another('/before', Buffer.from('ours'))
    const snapshot = storage.takeSnapshot(database)
    another('/during', Buffer.alloc(70_000, 7))
    await snapshot
    another('/after', null)
    another('/after/child', Buffer.alloc(0))
    storage.close()
    // Apache alone decides from here on: no other snapshot than ours is there to fall back on.
    const written = snapshotName((lastZxid + 1) as Zxid, snapshotCompression)
    for (const name of readdirSync(join(dataDir, 'version-2')))
      if (name.startsWith('snapshot.') && name !== written) rmSync(join(dataDir, 'version-2', name))
    const recovered = openStorage(dataDir).recover()
    expect(contents(recovered.database)).toEqual(contents(database))
    expect(recovered.notes).toEqual([])

    // Without extended types it takes TTL nodes for ephemerals of sessions long expired.
    const set = {
      extendedTypesEnabled: 'true',
      'DigestAuthenticationProvider.superDigest': 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=',
    }
    await using apache = await ApacheEnsemble.start({ members: 1, dir, set })
    const [{ clientPort }] = apache.members as [ApacheEnsemble['members'][0]]
    await eventually(
      'Apache to serve',
      async () => ((await modeOf(clientPort)) === 'standalone' ? true : null),
      {
        timeoutMs: 20_000,
      },
    )
    const walked = spawnSync(PYTHON, ['-B', join(GOLDEN, 'walk.py'), String(clientPort)], {
      encoding: 'utf8',
    })
    expect(walked.stderr).toBe('')
    expect(comparable(JSON.parse(walked.stdout))).toEqual(comparable(asSeenByClients(database)))
  },
)
