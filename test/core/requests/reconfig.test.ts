/**
 * What a reconfig is refused for, and what it proposes: the leader's preparation alone. With Apache's answers
 * they are compared in test/integration/reconfig.test.ts.
 */
import { describe, expect, it } from 'vitest'
import type { EnsembleConfig } from '../../../src/core/membership/ensembleConfig.ts'
import { CONFIG_PATH, Membership } from '../../../src/core/membership/membership.ts'
import { electorateOf } from '../../../src/core/quorum/electorate.ts'
import type { QuorumRule } from '../../../src/core/quorum/rule.ts'
import { LeaderSessions } from '../../../src/core/sessions/leaderSessions.ts'
import { Preparation } from '../../../src/core/writes/prepare.ts'
import { configCodec } from '../../../src/peer/membership.ts'
import type { SessionId, Sid } from '../../../src/protocol/ids.ts'
import { encode } from '../../../src/protocol/jute.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'
import { ReconfigRequest } from '../../../src/protocol/records/client.ts'
import type { TxnBody } from '../../../src/protocol/transaction.ts'
import { makeZxid, ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import { configOf, reconfigTo, serverLine } from '../configs.ts'

const session = 7n as SessionId
const now = { monotonicMs: 0, wallMs: 1_700_000_000_000 }
const first = makeZxid(1, 0)
const zxid = makeZxid(1, 5)
const hierarchical = [
  ...[1, 2, 3, 4, 5, 6].map((sid) => `server.${sid}=10.0.0.${sid}:2888:3888:participant;0.0.0.0:2181`),
  'group.1=1:2:3',
  'group.2=4:5:6',
  ...[1, 2, 3, 4, 5, 6].map((sid) => `weight.${sid}=1`),
].join('\n')

interface World {
  readonly config?: EnsembleConfig
  /** Voters that are connected to the leader and synced, itself among them. */
  readonly synced?: readonly number[]
  readonly isReconfigEnabled?: boolean
  readonly standaloneEnabled?: boolean
  readonly isStandalone?: boolean
  readonly skipAcl?: boolean
  readonly isSessionOver?: boolean
  readonly pending?: string
}

function prepare(world: World, request: Partial<ReconfigRequest>): TxnBody {
  const { config = configOf('1 2 3', first), synced = [1, 2, 3, 4, 5, 6, 7], pending } = world
  const settings = {
    isReconfigEnabled: world.isReconfigEnabled ?? true,
    standaloneEnabled: world.standaloneEnabled ?? true,
    config,
    codec: configCodec,
  }
  const membership = new Membership(1 as Sid, settings, { saveConfig: () => 0 }, () => {})
  if (pending !== undefined) membership.logs(reconfigTo(pending, makeZxid(1, 4)))
  const sessions = new LeaderSessions(2000, () => {})
  sessions.restart(world.isSessionOver ? new Map() : new Map([[session, 4000]]), now)
  const options = {
    sid: 1 as Sid,
    minSessionTimeoutMs: 4000,
    maxSessionTimeoutMs: 40_000,
    skipAcl: world.skipAcl ?? true,
    digestEnabled: true,
    superDigest: null,
  }
  const isSynced = (electorate: QuorumRule) => electorate.containsQuorum(synced as Sid[])
  const parts = { membership, isStandalone: world.isStandalone ?? false, learners: { isSynced } }
  const preparation = new Preparation(Database.initial(), sessions, options, parts, () => {})
  const nothing = { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1n }
  const body = encode(ReconfigRequest, { ...nothing, ...request })
  const asked = { sessionId: session, cxid: 1, type: OpCode.reconfig, body, authInfo: [] }
  return preparation.prepare({ ...asked, owner: 'local' }, zxid, now).transaction.body
}

function errorOf(world: World, request: Partial<ReconfigRequest>): number {
  const body = prepare(world, request)
  return body.type === OpCode.error ? body.record.err : 0
}

function configFrom(world: World, request: Partial<ReconfigRequest>): EnsembleConfig {
  const body = prepare(world, request)
  if (body.type !== OpCode.reconfig) throw new Error(`refused: ${JSON.stringify(body)}`)
  expect([body.record.path, body.record.version]).toEqual([CONFIG_PATH, -1])
  const config = configCodec.read(body.record.data?.toString() ?? '')
  if (config === null) throw new Error('no configuration')
  expect(config.version).toBe(zxid)
  return config
}

describe('a reconfig is refused', () => {
  const leaving = { leavingServers: '3' }
  it.each<[string, number, World, Partial<ReconfigRequest>]>([
    ['without reconfigEnabled', -123, { isReconfigEnabled: false, isSessionOver: true }, leaving],
    ['for a session that is over', -112, { isSessionOver: true, isStandalone: true }, leaving],
    ['by a server alone', -6, { isStandalone: true, pending: '1 2 4' }, leaving],
    ['while another is pending', -14, { pending: '1 2 4' }, { ...leaving, curConfigId: 99n }],
    ['from another version', -103, {}, { curConfigId: BigInt(first) + 1n, leavingServers: 'x' }],
    ['from version 0, which nobody has any more', -103, {}, { ...leaving, curConfigId: 0n }],
    ['with nobody left', -8, {}, { leavingServers: '1,2,3' }],
    ['with one voter where two are needed', -8, { synced: [] }, { leavingServers: '2,3' }],
    ['without voters', -8, { standaloneEnabled: false }, { leavingServers: '1,2,3' }],
    [
      'without a synced quorum of the new voters',
      -13,
      { synced: [1, 2, 3], skipAcl: false },
      {
        joiningServers: [4, 5, 6].map((sid) => serverLine(sid)).join(','),
      },
    ],
    ['without the right to write the node', -102, { skipAcl: false }, leaving],
    ['for a leaving server that is no number', -5, {}, { leavingServers: 'server.3' }],
    ['for a joining server without =', -8, {}, { joiningServers: 'server.4' }],
    ['for a joining server without a number', -5, {}, { joiningServers: 'server.x=h:1:2:participant;3' }],
    ['for a joining server without a client port', -8, {}, { joiningServers: 'server.4=h:1:2:participant' }],
    ['for a joining server of an unknown part', -8, {}, { joiningServers: 'server.4=h:1:2:boss;3' }],
    ['for a port that is none', -5, {}, { joiningServers: 'server.4=h:1:70000:participant;3' }],
    [
      'for an address that another server has',
      -8,
      {},
      {
        joiningServers: 'server.4=10.0.0.2:2888:4888:participant;3181',
      },
    ],
    ['in bulk for another key', -8, {}, { newMembers: 'tickTime=2000' }],
    ['in bulk for a server without a number', -5, {}, { newMembers: 'server.x=h:1:2' }],
    ['in bulk for a server without ports', -8, {}, { newMembers: 'server.1=h' }],
    ['in bulk for one voter', -8, {}, { newMembers: serverLine(1) }],
    ['in bulk for observers alone', -5, {}, { newMembers: serverLine(1, 'observer') }],
    ['incrementally in groups', -8, { config: hierarchicalConfig() }, leaving],
  ])('%s', (_, code, world, request) => {
    expect(errorOf(world, request)).toBe(code)
  })
})

describe('an incremental reconfig', () => {
  const sidsAndRoles = ({ servers }: EnsembleConfig) =>
    servers.map(({ sid, role }) => (role === 'observer' ? `${sid}o` : `${sid}`)).join(' ')

  it('takes servers out, and minds none that is not there', () => {
    expect(sidsAndRoles(configFrom({}, { leavingServers: ' 3 , 9,, ' }))).toBe('1 2')
  })

  it('adds, replaces, and lets a server leave and join in one', () => {
    const joining = [serverLine(5), serverLine(2, 'observer'), serverLine(3, 'participant', 2999)]
    const config = configFrom({}, { joiningServers: joining.join(','), leavingServers: '3' })
    expect(sidsAndRoles(config)).toBe('1 2o 3 5')
    expect(config.servers[2]?.quorumPort).toBe(2999)
  })

  it('goes from the version that the client names', () => {
    const config = configFrom({}, { leavingServers: '3', curConfigId: BigInt(first) })
    expect(config.text.split('\n')).toEqual([
      'server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181',
      'server.2=10.0.0.2:2888:3888:participant;0.0.0.0:2181',
      'version=100000005',
    ])
  })

  it('leaves one voter where standaloneEnabled is off', () => {
    const world = { standaloneEnabled: false }
    expect(sidsAndRoles(configFrom(world, { leavingServers: '2,3' }))).toBe('1')
  })

  it('needs the quorum of the new voters only', () => {
    const request = { joiningServers: [4, 5].map((sid) => serverLine(sid)).join(','), leavingServers: '1,2' }
    expect(sidsAndRoles(configFrom({ synced: [4, 5] }, request))).toBe('3 4 5')
    expect(errorOf({ synced: [1, 2, 3] }, request)).toBe(-13)
  })
})

describe('a reconfig in bulk', () => {
  it('names every server, by lines or by commas', () => {
    const lines = [serverLine(2), serverLine(3), serverLine(4, 'observer')]
    for (const separator of ['\n', ',', '\r\n']) {
      const { servers } = configFrom({}, { newMembers: lines.join(separator) })
      expect(servers.map(({ sid, role }) => [sid, role])).toEqual([
        [2, 'participant'],
        [3, 'participant'],
        [4, 'observer'],
      ])
    }
  })

  it('takes what it says of a version for nothing, and the bulk before what joins', () => {
    const newMembers = `${serverLine(1)}\n${serverLine(2)}\nversion=ffff`
    expect(configFrom({}, { newMembers, joiningServers: serverLine(9) }).servers.length).toBe(2)
  })

  it('makes groups, by which quorums go from then on', () => {
    const config = configFrom({}, { newMembers: hierarchical })
    expect(config.text).toContain('group.1=1:2:3')
    const electorate = electorateOf(config.servers)
    const isQuorum = (...sids: number[]) => electorate.containsQuorum(sids as Sid[])
    // A majority of each group, as both are needed; not four of six.
    expect([isQuorum(1, 2, 4, 5), isQuorum(1, 2, 3, 4)]).toEqual([true, false])
    expect(errorOf({ synced: [1, 2, 3, 4] }, { newMembers: hierarchical })).toBe(-13)
  })

  it('is the way out of groups again', () => {
    const world = { config: hierarchicalConfig() }
    const newMembers = [1, 2, 3].map((sid) => serverLine(sid)).join('\n')
    expect(configFrom(world, { newMembers }).servers.every(({ group }) => group === null)).toBe(true)
  })
})

function hierarchicalConfig(): EnsembleConfig {
  const config = configCodec.readNewMembers(hierarchical, ZERO_ZXID, true)
  if (typeof config === 'string') throw new Error(config)
  return { ...config, version: first }
}
