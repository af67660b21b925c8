/**
 * What a dead member's disk holds: its database as our storage recovers it and as a separate Apache server
 * shows it, and the transactions of its log. Nothing here writes into a member's folder.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ZooKeeper } from '../../src/client/index.ts'
import { lex } from '../../src/config/text/lexer.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import { epochOf, formatZxid, type Zxid } from '../../src/protocol/zxid.ts'
import { readEpochs } from '../../src/storage/epochs.ts'
import { listLogs } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { type RecoveredDatabase, recoverDatabase } from '../../src/storage/recovery.ts'
import type { Database } from '../../src/tree/database.ts'
import { ApacheEnsemble } from '../support/apache.ts'
import { type MixedEnsemble, type MixedMember, PATIENCE_MS, SUPER } from './mixedEnsemble.ts'
import { readTree, type Tree, treeDifferences } from './znodes.ts'

export interface OnDisk {
  readonly zxid: Zxid
  /** The digest of the tree, DigestCalculator version 2. */
  readonly digest: bigint
  readonly tree: Tree
  /** Session timeouts in ms. */
  readonly sessions: ReadonlyMap<SessionId, number>
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /** Irregularities that recovery found. */
  readonly notes: readonly string[]
  readonly database: Database
}

/** Settings that a standalone server must not be given. */
const OF_ITS_ENSEMBLE =
  /^(server|group|weight)\.|^(dataDir|dataLogDir|clientPort|clientPortAddress|peerType|dynamicConfigFile|reconfigEnabled|standaloneEnabled|secureClientPort)$/

/** The folder in which a member keeps snapshots, log and epochs. */
export const versionDir = (dataDir: string) => join(dataDir, 'version-2')

export function readDisk(member: MixedMember): OnDisk {
  const { database, lastZxid, notes } = recover(member)
  const dir = versionDir(member.dataDir)
  const { acceptedEpoch, currentEpoch } = readEpochs(nodeFileSystem, dir, lastZxid)
  const tree = new Map(
    [...database.tree.nodes()].map(([path, node]) => {
      return [
        path === '' ? '/' : path,
        { data: node.data, acl: database.tree.aclOf(node), stat: database.tree.statOf(node) },
      ]
    }),
  )
  const { digest } = database.tree
  return {
    zxid: lastZxid,
    digest,
    tree,
    sessions: database.sessions,
    acceptedEpoch,
    currentEpoch,
    notes,
    database,
  }
}

/**
 * The digest of the tree as of `zxid`. The epoch files are not read, because they describe the whole history.
 */
export const digestAt = (member: MixedMember, zxid: Zxid) => recover(member, zxid).database.tree.digest

function recover({ dataDir, config }: MixedMember, upTo: Zxid | null = null): RecoveredDatabase {
  const dir = versionDir(dataDir)
  const recovered = recoverDatabase(nodeFileSystem, {
    snapDir: dir,
    logDir: dir,
    commitLogCount: 0,
    trustEmpty: false,
    ttlRule: settingsOf(config).extendedTypesEnabled === 'true' ? 'since354' : 'none',
    upTo,
  })
  if (recovered === null) throw new Error(`${dir} holds no history`)
  return recovered
}

function settingsOf(config: string): Record<string, string> {
  const { entries } = lex(readFileSync(config, 'utf8'), config)
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]))
}

/**
 * The zxids of a member's log, file by file in their order. The member may be running; then its complete
 * entries so far.
 */
export function loggedZxids(dataDir: string): Zxid[] {
  return listLogs(nodeFileSystem, versionDir(dataDir)).flatMap((name) => {
    const file = new LogFile(nodeFileSystem, name)
    try {
      const zxids: Zxid[] = []
      for (let entry = file.next(); entry !== null; entry = file.next()) zxids.push(entry.zxid)
      return zxids
    } finally {
      file.close()
    }
  })
}

/** The tree that a standalone Apache server shows when it is started on a copy of this folder. */
async function asApacheReads({ dataDir, config }: MixedMember): Promise<Tree> {
  const dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-read-'))
  const settings = Object.entries(settingsOf(config)).filter(([key]) => !OF_ITS_ENSEMBLE.test(key))
  const set = Object.fromEntries(settings)
  const { 'jute.maxbuffer': maxBuffer } = set
  const jvm = maxBuffer === undefined ? {} : { 'jute.maxbuffer': maxBuffer }
  try {
    cpSync(versionDir(dataDir), join(dir, 'data-0', 'version-2'), { recursive: true })
    await using server = await ApacheEnsemble.start({ members: 1, dir, set, jvm })
    await server.waitForLeader(PATIENCE_MS)
    const options = { timeoutMs: PATIENCE_MS, maxFrameBytes: 64 * 1024 * 1024 }
    await using client = await ZooKeeper.connect(server.connectString, options)
    await client.addAuth('digest', SUPER)
    return await readTree(client)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/**
 * Ends all members and compares their disks with the tree that they last showed: each as our storage reads
 * it, and one of either kind as Apache reads it. `Stage.finish` starts the members again.
 */
export async function checkDisks(ensemble: MixedEnsemble): Promise<void> {
  const shown = await ensemble.sameTrees()
  const running = [...ensemble.running].sort()
  await ensemble.kill(running)
  const ids = running.filter((id) => !keepsNoLog(ensemble.member(id)))
  const disks = ids.map((id) => ({ id, disk: readDisk(ensemble.member(id)) }))
  const problems = disks.flatMap(({ id, disk }) =>
    [
      ...differences(shown, disk.tree),
      ...disk.notes.filter((note) => /digest|holds effects/.test(note)),
      ...epochProblems(disk),
    ].map((line) => `disk of ${ensemble.nameOf(id)}: ${line}`),
  )
  const digests = new Set(disks.map(({ disk }) => disk.digest))
  if (digests.size > 1) problems.push(`the disks' digests are ${[...digests].join(', ')}`)
  for (const engine of ['apache', 'zk-pseudo']) {
    const id = ids.find((one) => ensemble.member(one).engine === engine)
    if (id === undefined) continue
    const read = await asApacheReads(ensemble.member(id))
    problems.push(
      ...differences(shown, read).map((line) => `Apache reads from ${ensemble.nameOf(id)}: ${line}`),
    )
  }
  if (problems.length > 0) throw new Error(problems.slice(0, 30).join('\n  '))
}

/**
 * Whether the member is an Apache observer with syncEnabled=false. Our observers write their log all the
 * same.
 */
function keepsNoLog({ engine, isObserver, config }: MixedMember): boolean {
  return engine === 'apache' && isObserver && settingsOf(config).syncEnabled === 'false'
}

function epochProblems({ zxid, acceptedEpoch, currentEpoch }: OnDisk): string[] {
  return acceptedEpoch === currentEpoch && epochOf(zxid) <= currentEpoch
    ? []
    : [`accepted epoch ${acceptedEpoch}, current epoch ${currentEpoch}, log up to ${formatZxid(zxid)}`]
}

/** Each server writes /zookeeper/config by itself when it starts, and a standalone server has none. */
function differences(shown: Tree, read: Tree): string[] {
  const without = (tree: Tree) => new Map([...tree].filter(([path]) => path !== '/zookeeper/config'))
  return treeDifferences(without(shown), without(read))
}
