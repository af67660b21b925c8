import { describe, expect, it } from 'vitest'
import { fourLetterWord } from '../../src/client/fourLetterWord.ts'
import { answerWord, type CommandContext, versionLine } from '../../src/net/fourLetterWords.ts'
import type { MemberReport } from '../../src/net/memberReport.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { ApacheEnsemble, type ApacheMember, apacheUnavailable } from '../support/apache.ts'

/** The leader of Apache 3.8.0 from whose answers the expected texts below were taken. */
const report: MemberReport = {
  isServing: true,
  mode: 'leader',
  peerState: 'leading - broadcast',
  zxid: 0x100000028 as Zxid,
  znodes: 12,
  ephemerals: 2,
  approximateDataBytes: 300,
  watchCount: 3,
  globalSessions: 2,
  localSessions: 0,
  received: 9,
  sent: 8,
  outstanding: 0,
  minLatencyMs: 1,
  averageLatencyMs: 12 / 7,
  maxLatencyMs: 3,
  fileDescriptors: () => ({ open: 41, max: 1024 }),
  responseSizes: { last: 16, min: 16, max: 116 },
  uptimeMs: 1234.5,
  learnerMaster: null,
  leader: {
    proposalSizes: { last: 104, min: 36, max: 158 },
    learners: 2,
    syncedFollowers: 2,
    syncedNonVotingFollowers: 0,
    syncedObservers: 0,
    pendingSyncs: 0,
    uptimeMs: 1000,
    quorumSize: 3,
  },
  config: {
    clientPort: 24181,
    secureClientPort: -1,
    dataDir: '/data/1/version-2',
    dataDirBytes: 67110072,
    dataLogDir: '/data/1/version-2',
    dataLogBytes: 67110072,
    tickTimeMs: 2000,
    maxClientCnxns: 60,
    minSessionTimeoutMs: 4000,
    maxSessionTimeoutMs: 40000,
    clientPortListenBacklog: -1,
    serverId: 1,
    ensemble: {
      initLimit: 10,
      syncLimit: 5,
      electionPort: 24187,
      quorumPort: 24184,
      isObserver: false,
      membership: 'server.1=127.0.0.1:24184:24187:participant\nversion=0',
    },
  },
  connections: [
    { remote: '/127.0.0.1:41272', isReading: false, queued: 0, received: 1, sent: 0, session: null },
    {
      remote: '/127.0.0.1:41254',
      isReading: true,
      queued: 0,
      received: 7,
      sent: 7,
      session: {
        id: '0x1000012694e0007',
        timeoutMs: 30000,
        lastOperation: 'EXIS',
        establishedMs: 1795233830376,
        lastCxid: 6,
        lastZxid: 0x100000024 as Zxid,
        lastResponseMs: 1239597,
        lastLatencyMs: 0,
        minLatencyMs: 0,
        averageLatencyMs: 1.7,
        maxLatencyMs: 3,
      },
    },
  ],
  watches: {
    byConnection: new Map([
      ['0x1000012694e0007', ['/app', '/app/x']],
      ['0x1000012694e0008', ['/app']],
    ]),
  },
}

const version = versionLine('0.1.0', new Date('2026-11-21T08:00:59Z'))

function ask(
  word: string,
  changes: Partial<MemberReport> = {},
  context: Partial<CommandContext> = {},
): string | null {
  return answerWord(word, {
    allowed: ['*'],
    version,
    report: () => ({ ...report, ...changes }),
    resetConnections: () => {},
    resetStatistics: () => {},
    ...context,
  })
}

describe('four-letter words', () => {
  it('name the Apache release whose protocol is spoken, where clients look for it', () => {
    expect(version).toBe('3.8.0-zk-pseudo-0.1.0, built on 2026-11-21 08:00 UTC')
    // kazoo.client.KazooClient.server_version
    const match = /Zookeeper version: (\d+)\.(\d+)\.(\d+)-/.exec(ask('srvr') ?? '')
    expect(match?.slice(1)).toEqual(['3', '8', '0'])
  })

  it('answer stat and srvr', () => {
    const statistics = [
      'Latency min/avg/max: 1/1.7143/3',
      'Received: 9',
      'Sent: 8',
      'Connections: 2',
      'Outstanding: 0',
      'Zxid: 0x100000028',
      'Mode: leader',
      'Node count: 12',
      'Proposal sizes last/min/max: 104/36/158',
      '',
    ].join('\n')
    const clients =
      'Clients:\n /127.0.0.1:41272[0](queued=0,recved=1,sent=0)\n /127.0.0.1:41254[1](queued=0,recved=7,sent=7)\n\n'
    expect(ask('srvr')).toBe(`Zookeeper version: ${version}\n${statistics}`)
    expect(ask('stat')).toBe(`Zookeeper version: ${version}\n${clients}${statistics}`)
    expect(ask('srvr', { averageLatencyMs: 0, mode: 'follower', leader: null })).toContain(
      'Latency min/avg/max: 1/0.0/3\n',
    )
  })

  it('answer conf, standalone and in an ensemble', () => {
    const text = ask('conf') as string
    expect(text.split('\n').slice(11)).toEqual([
      'serverId=1',
      'initLimit=10',
      'syncLimit=5',
      'electionAlg=3',
      'electionPort=24187',
      'quorumPort=24184',
      'peerType=0',
      'membership: ',
      'server.1=127.0.0.1:24184:24187:participant',
      'version=0',
    ])
    expect(ask('conf', { config: { ...report.config, ensemble: null } })).toMatch(/\nserverId=1\n$/)
  })

  it('answer cons with what a session did', () => {
    expect(ask('cons')).toBe(
      ' /127.0.0.1:41272[0](queued=0,recved=1,sent=0)\n /127.0.0.1:41254[1](queued=0,recved=7,sent=7,' +
        'sid=0x1000012694e0007,lop=EXIS,est=1795233830376,to=30000,lcxid=0x6,lzxid=0x100000024,' +
        'lresp=1239597,llat=0,minlat=0,avglat=1,maxlat=3)\n\n',
    )
  })

  it('answer mntr with what a leader and a follower have', () => {
    const lines = (ask('mntr') as string).trimEnd().split('\n')
    for (const line of lines) expect(line).toMatch(/^zk_[a-z_]+\t\S/)
    expect(lines).toContain('zk_avg_latency\t1.7143')
    expect(lines).toContain('zk_synced_followers\t2')
    const follower = ask('mntr', { mode: 'follower', peerState: 'following - broadcast', leader: null })
    expect(follower).toContain('zk_server_state\tfollower\nzk_peer_state\tfollowing - broadcast\n')
    expect(follower).not.toContain('zk_synced_followers')
    expect(lines).toContain('zk_open_file_descriptor_count\t41')
    expect(lines).toContain('zk_max_file_descriptor_count\t1024')
    const fileDescriptors = () => ({ open: null, max: null })
    expect(ask('mntr', { fileDescriptors })).not.toContain('file_descriptor')
  })

  it('answer for watches', () => {
    expect(ask('wchs')).toBe('2 connections watching 2 paths\nTotal watches:3\n')
    expect(ask('wchc')).toBe('0x1000012694e0007\n\t/app\n\t/app/x\n0x1000012694e0008\n\t/app\n\n')
    expect(ask('wchp')).toBe(
      '/app\n\t0x1000012694e0007\n\t0x1000012694e0008\n/app/x\n\t0x1000012694e0007\n\n',
    )
  })

  it('cut the list of watches when a string could not hold all of it', () => {
    const path = `/${'n'.repeat(1_000_000)}`
    const byConnection = new Map(Array.from({ length: 1000 }, (_, i) => [`0x${i}`, [path]]))
    for (const word of ['wchc', 'wchp']) {
      const answer = ask(word, { watches: { byConnection } }) ?? ''
      expect(answer.length).toBeLessThan(65 * 1024 * 1024)
      expect(answer.endsWith('\n')).toBe(true)
    }
    expect(ask('wchc', { watches: { byConnection } })).toContain(
      'cut here: the whole would be more than 64 MiB',
    )
  })

  it('answer ruok, isro and dirs without a final newline where Apache has none', () => {
    expect(ask('ruok')).toBe('imok')
    expect(ask('isro')).toBe('rw')
    expect(ask('isro', { mode: 'read-only' })).toBe('ro')
    expect(ask('dirs')).toBe('datadir_size: 67110072\nlogdir_size: 67110072\n')
  })

  it('reset what they say they reset', () => {
    const done: string[] = []
    const context = {
      resetConnections: () => void done.push('connections'),
      resetStatistics: () => void done.push('statistics'),
    }
    expect(ask('crst', {}, context)).toBe('Connection stats reset.\n')
    expect(ask('srst', {}, context)).toBe('Server stats reset.\n')
    expect(done).toEqual(['connections', 'statistics'])
  })

  it('say that the member does not serve, but ruok stays imok', () => {
    const isServing = false
    expect(ask('srvr', { isServing })).toBe('This ZooKeeper instance is not currently serving requests\n')
    expect(ask('mntr', { isServing })).toBe('This ZooKeeper instance is not currently serving requests\n')
    expect(ask('isro', { isServing })).toBe('null')
    expect(ask('ruok', { isServing })).toBe('imok')
  })

  it('are refused unless on the whitelist, except srvr; unknown ones are not answered', () => {
    const context = { allowed: ['ruok'] }
    expect(ask('stat', {}, context)).toBe('stat is not executed because it is not in the whitelist.\n')
    expect(ask('ruok', {}, context)).toBe('imok')
    expect(ask('srvr', {}, context)).toMatch(/^Zookeeper version/)
    for (const word of ['reqs', 'hack', 'keys']) expect(ask(word)).toBeNull()
  })
})

const unavailable = apacheUnavailable()
const title = unavailable === undefined ? '' : ` (skipped: ${unavailable})`

describe.skipIf(unavailable !== undefined)(`four-letter words beside Apache's${title}`, () => {
  /** Numbers and what may be in their place differ; every other byte must be the same. */
  const shape = (text: string | null) =>
    (text ?? '')
      .replace(/version: .*|version\t.*/, 'version')
      .replace(/\/[\w./-]*version-2/g, 'DIR')
      .replace(/-?\b(0x[0-9a-f]+|\d+(\.\d+)?)\b/g, 'N')
      .replace(/(server\.N=.*\n)+/g, 'SERVERS\n')

  it('have the same shape', { timeout: 60_000 }, async () => {
    await using ensemble = await ApacheEnsemble.start({ members: 3 })
    const leader = await ensemble.waitForLeader()
    const asks = async (word: string, member: ApacheMember) =>
      shape(await fourLetterWord('127.0.0.1', member.clientPort, word))
    const asking = { connections: report.connections.slice(0, 1) }
    for (const word of ['conf', 'cons', 'stat', 'srvr', 'ruok', 'isro', 'dirs', 'wchs', 'crst', 'srst'])
      expect([word, shape(ask(word, asking))]).toEqual([word, await asks(word, leader)])
    const keys = (text: string) => new Set(text.split('\n').map((line) => line.split('\t')[0]))
    const theirs = keys(await asks('mntr', leader))
    for (const key of keys(shape(ask('mntr')))) expect(theirs).toContain(key)
  })
})
