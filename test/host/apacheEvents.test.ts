/** What an Apache member's log and its answers report, with lines as versions 3.5 and 3.8 write them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load/parse.ts'
import type { MemberEvent } from '../../src/core/events.ts'
import { ApacheEvents } from '../../src/host/apache/events.ts'
import { LogReader, type LogRecord } from '../../src/host/apache/logConfig.ts'
import { jvmOptions } from '../../src/host/apache/options.ts'
import { readSrvr } from '../../src/host/apache/status.ts'

const line = (
  text: string,
  {
    at = '03.258',
    level = 'INFO',
    thread = 'QuorumPeer[myid=1](plain=127.0.0.1:2181)',
    logger = 'QuorumPeer',
  } = {},
) => `>>zk 2026-11-21T11:50:${at}+0000 ${level} [${thread}] ${logger}: ${text}\n`

function eventsOf(text: string, sid = 1, epoch = 3): MemberEvent[] {
  const events: MemberEvent[] = []
  const interpreter = new ApacheEvents(
    sid,
    () => epoch,
    ({ event }) => events.push(event),
  )
  const reader = new LogReader(
    (record) => interpreter.take(record),
    () => 0,
  )
  reader.push(text)
  reader.end()
  return events
}

describe('the log of an Apache member', () => {
  it('is cut into records, however its bytes arrive', () => {
    const text =
      line('one') +
      line('two', { level: 'WARN', logger: 'QuorumCnxManager$SendWorker', thread: 'SendWorker:2' }) +
      'java.io.EOFException\n\tat a.B.c(B.java:1)\n' +
      line('three', { level: 'FATAL' })
    const read = (pieces: string[]) => {
      const records: LogRecord[] = []
      const reader = new LogReader(
        (record) => records.push(record),
        () => 0,
      )
      for (const piece of pieces) reader.push(piece)
      reader.end()
      return records
    }
    const whole = read([text])
    expect(whole.map(({ message, level, more }) => [message, level, more.length])).toEqual([
      ['one', 'info', 0],
      ['two', 'warn', 2],
      ['three', 'error', 0],
    ])
    expect(whole[1]).toMatchObject({ thread: 'SendWorker:2', logger: 'QuorumCnxManager$SendWorker' })
    expect(whole[0]?.at).toBe(Date.UTC(2026, 10, 21, 11, 50, 3, 258))
    const middle = text.indexOf('EOFE')
    expect(read([text.slice(0, middle), text.slice(middle)])).toEqual(whole)
  })

  it('keeps what Java itself says', () => {
    const records: LogRecord[] = []
    const reader = new LogReader(
      (record) => records.push(record),
      () => 42,
    )
    reader.push('Unrecognized VM option\nError: Could not create the Java Virtual Machine.')
    reader.end()
    expect(records.map(({ at, level, message }) => [at, level, message])).toEqual([
      [42, 'warn', 'Unrecognized VM option'],
      [42, 'warn', 'Error: Could not create the Java Virtual Machine.'],
    ])
  })

  it('reports an election that this member wins', () => {
    const notification = (sid: number, leader: number) =>
      line(
        `Notification: my state:LOOKING; n.sid:${sid}, n.state:LOOKING, n.leader:${leader}, n.round:0x2, n.peerEpoch:0x3, n.zxid:0x300000007, message format version:0x2, n.config version:0x0`,
        { logger: 'FastLeaderElection' },
      )
    const events = eventsOf(
      line('LOOKING', { at: '03.000' }) +
        line('New election. My id = 1, proposed zxid=0x300000007') +
        notification(1, 1) +
        notification(0, 0) +
        notification(0, 1) +
        line('LEADING', { at: '03.250' }) +
        line(
          'Have quorum of supporters, sids: [[0, 1]]; starting up and setting last processed zxid: 0x400000000',
          { at: '03.300' },
        ) +
        line('Peer state changed: leading - broadcast', { at: '03.310' }),
    )
    const vote = { leader: 1, zxid: 0x300000007, round: 2, epoch: 3 }
    expect(events).toEqual([
      { type: 'role', role: 'looking', leader: null, epoch: 3, zxid: 0 },
      { type: 'vote-sent', to: null, vote, state: 'LOOKING', reason: '' },
      { type: 'vote-received', from: 0, vote: { ...vote, leader: 0 }, state: 'LOOKING' },
      { type: 'vote-received', from: 0, vote, state: 'LOOKING' },
      expect.objectContaining({ type: 'elected', leader: 1, vote, votes: { 0: vote, 1: vote }, ms: 250 }),
      { type: 'role', role: 'leader', leader: 1, epoch: 3, zxid: 0x300000007 },
      { type: 'established', epoch: 4, quorum: [0, 1], ms: 300 },
      { type: 'serving', role: 'leader', epoch: 3, zxid: 0x400000000 },
    ])
  })

  it('reports votes in the words of 3.5, and whom a member follows', () => {
    const old = (sid: number, state: string) =>
      line(
        `Notification: 2 (message format version), 2 (n.leader), 0x0 (n.zxid), 0x1 (n.round), ${state} (n.state), ${sid} (n.sid), 0x0 (n.peerEPoch), LOOKING (my state)0 (n.config version)`,
      )
    const events = eventsOf(line('LOOKING') + old(0, 'FOLLOWING') + old(2, 'LEADING') + line('FOLLOWING'))
    expect(events[1]).toEqual({
      type: 'vote-received',
      from: 0,
      vote: { leader: 2, zxid: 0, round: 1, epoch: 0 },
      state: 'FOLLOWING',
    })
    expect(events.at(-1)).toMatchObject({ type: 'role', role: 'follower', leader: 2 })
  })

  it('reports syncs by the thread that carries them out', () => {
    const sync = (thread: string, text: string) => line(text, { thread, logger: 'LearnerHandler' })
    const to = (sid: number, peer: string) =>
      `Synchronizing with Learner sid: ${sid} maxCommittedLog=0x100000009 minCommittedLog=0x100000001 lastProcessedZxid=0x100000009 peerLastZxid=0x${peer}`
    const events = eventsOf(
      sync('LearnerHandler-/127.0.0.1:1', to(0, '100000004')) +
        sync('LearnerHandler-/127.0.0.1:2', to(2, '0')) +
        sync(
          'LearnerHandler-/127.0.0.1:2',
          'Sending snapshot last zxid of peer is 0x0, zxid of leader is 0x100000009, send zxid of db as 0x100000009, 1 concurrent snapshot sync, snapshot sync was exempt from throttle',
        ) +
        sync('LearnerHandler-/127.0.0.1:1', 'Sending DIFF zxid=0x100000009  for peer sid: 0'),
    )
    expect(events).toEqual([
      { type: 'sync', learner: 2, mode: 'SNAP', from: 0, to: 0x100000009, proposals: 0 },
      { type: 'sync', learner: 0, mode: 'DIFF', from: 0x100000004, to: 0x100000009, proposals: 5 },
    ])
  })

  it('reports sessions, and ignores the rest of the debug level', () => {
    const debug = { level: 'DEBUG', logger: 'ZooKeeperServer' }
    const events = eventsOf(
      line('Permission requested: 1 ', debug) +
        line(
          'Client attempting to establish new session: session = 0x1a, zxid = 0x2, timeout = 30000, address = /127.0.0.1:1',
          debug,
        ) +
        line('Established session 0x1a with negotiated timeout 30000 for client /127.0.0.1:1', debug) +
        line(
          'Client attempting to renew session: session = 0x2b, zxid = 0x2, timeout = 30000, address = /127.0.0.1:2',
          debug,
        ) +
        line('Established session 0x2b with negotiated timeout 30000 for client /127.0.0.1:2', debug) +
        line('Expiring session 0x1a, timeout of 30000ms exceeded', { logger: 'ZooKeeperServer' }) +
        line('Invalid session 0x3c for client /127.0.0.1:3, probably expired', { logger: 'ZooKeeperServer' }),
    )
    expect(events).toEqual([
      { type: 'session-opened', session: '0x1a', timeoutMs: 30000, client: '127.0.0.1:1' },
      { type: 'session-moved', session: '0x2b' },
      { type: 'session-expired', session: '0x1a' },
      {
        type: 'log',
        level: 'info',
        message: 'Invalid session 0x3c for client /127.0.0.1:3, probably expired',
        fields: { logger: 'ZooKeeperServer' },
      },
    ])
  })
})

describe('srvr', () => {
  it('reports the mode, the zxid, and the connections without its own', () => {
    const text =
      'Zookeeper version: 3.8.0\nReceived: 1\nConnections: 3\nOutstanding: 0\nZxid: 0x20000000a\nMode: follower\nNode count: 5\n'
    expect(readSrvr(text)).toEqual({ mode: 'follower', zxid: 0x20000000a, connections: 2 })
    const waiting = 'This ZooKeeper instance is not currently serving requests\n'
    expect(readSrvr(waiting)).toEqual({ mode: null, zxid: 0, connections: 0 })
  })
})

describe('a config for Apache', () => {
  function options(text: string): string[] {
    const dir = mkdtempSync(join(tmpdir(), 'zkp-options-'))
    const file = join(dir, 'zoo.cfg')
    writeFileSync(file, text)
    try {
      return jvmOptions(parseConfig(text, file).config)
    } finally {
      rmSync(dir, { recursive: true })
    }
  }

  it('has JVM options for what Apache does not read from the file', () => {
    const text =
      'dataDir=/d\nclientPort=2181\njute.maxbuffer=4194304\nreadonlymode.enabled=true\nsnapCount=7\n'
    expect(options(text)).toEqual([
      '-Djute.maxbuffer=4194304',
      '-Dreadonlymode.enabled=true',
      '-Dzookeeper.admin.enableServer=false',
    ])
  })

  it('leaves the admin server to a file that has settings for it, and uses Netty for TLS', () => {
    const text = 'dataDir=/d\nadmin.serverPort=9000\nsecureClientPort=2281\n'
    expect(options(text)).toEqual([
      '-Dzookeeper.serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
    ])
  })

  it('is refused where Apache would misread it, and every such line is named', () => {
    const text = 'dataDir=/d # here\nclientPort=2181\nserver.1=a:1:2 \n'
    expect(() => options(text)).toThrow(
      expect.objectContaining({
        code: 'NOT_FOR_APACHE',
        exitCode: 2,
        hint: expect.stringMatching(
          /zoo\.cfg:1: the comment after dataDir.*\n.*zoo\.cfg:3: the blank at the end/,
        ),
      }),
    )
  })
})
