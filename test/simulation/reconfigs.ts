/**
 * Reconfiguration in the simulation: what clients ask for, and what must hold of configurations. A version is
 * one configuration, everywhere and for ever; what is in force anywhere was committed, or is the first one,
 * named after an epoch.
 */

import type { LoggedTxn } from '../../src/core/effects.ts'
import type { EnsembleConfig } from '../../src/core/membership/ensembleConfig.ts'
import type { PeerCore } from '../../src/core/peer.ts'
import { configCodec } from '../../src/peer/membership.ts'
import type { Value } from '../../src/protocol/jute.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import type { GetDataResponse, ReconfigRequest } from '../../src/protocol/records/client.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { counterOf, formatZxid, type Zxid } from '../../src/protocol/zxid.ts'
import { Random } from './random.ts'
import { serverLine } from './settings.ts'
import { Violation } from './violation.ts'

/** What the clients of a world ask for; null where nothing changes. */
export interface ReconfigWorld {
  readonly servers: number
  /** How many of their requests are reconfigs. */
  readonly share: number
}

/** @param areMany for faults that show in reconfigs only */
export function drawReconfigs(seed: number, servers: number, areMany: boolean): ReconfigWorld | null {
  const random = new Random(seed ^ 0x5eed)
  if (areMany) return { servers, share: 0.25 }
  return random.chance(0.6) ? { servers, share: random.pick([0.015, 0.015, 0.1]) } : null
}

/** Three voters, those that are none now first: quorums of before and after hardly know each other. */
export function replacingReconfig(random: Random, { servers }: EnsembleConfig, all: number): ReconfigRequest {
  const voters = servers.filter(({ role }) => role === 'participant').map(({ sid }) => sid)
  const others = Array.from({ length: all }, (_, sid) => sid).filter((sid) => !voters.includes(sid))
  const next = [...random.shuffle(others), ...random.shuffle(voters)].slice(0, 3)
  return {
    joiningServers: next.map((sid) => serverLine(sid, 'participant')).join(','),
    leavingServers: voters.filter((sid) => !next.includes(sid)).join(','),
    newMembers: null,
    curConfigId: -1n,
  }
}

/** Puts servers out of the ensemble or into it, as voters or as observers. */
export function randomReconfig(random: Random, servers: number): ReconfigRequest {
  const sids = random
    .shuffle(Array.from({ length: servers }, (_, sid) => sid))
    .slice(0, random.pick([1, 1, 2, servers]))
  const joining: string[] = []
  const leaving: number[] = []
  for (const sid of sids) {
    const kind = random.next()
    if (kind < 0.35) leaving.push(sid)
    else joining.push(serverLine(sid, kind < 0.85 ? 'participant' : 'observer'))
  }
  return {
    joiningServers: joining.join(','),
    leavingServers: leaving.join(','),
    newMembers: null,
    curConfigId: -1n,
  }
}

export class ReconfigChecks {
  /** Reconfigs that were answered with their configuration. */
  answered = 0
  private readonly inForce = new Map<Zxid, string>()

  reply({ data, stat }: Value<typeof GetDataResponse>): void {
    const config = configCodec.read(data?.toString('utf8') ?? '')
    if (config === null || config.version !== stat.mzxid)
      throw new Violation(`a reconfig at ${formatZxid(stat.mzxid)} answers with ${data?.toString('utf8')}`)
    this.answered += 1
  }

  /** After each step of a member: what it goes by. */
  member(sid: number, { version, text }: EnsembleConfig): void {
    const known = this.inForce.get(version)
    if (known === undefined) this.inForce.set(version, text)
    else if (known !== text)
      throw new Violation(
        `member ${sid} has another configuration ${formatZxid(version)}: ${text}, not ${known}`,
      )
  }

  /** What was in force was committed; all go by the same now, each in the part that it has there. */
  atRest(committed: ReadonlyMap<Zxid, LoggedTxn>, cores: readonly PeerCore[]): void {
    for (const [version, text] of this.inForce) {
      const txn = committed.get(version)
      // Of what only snapshots showed nothing more is known.
      if (counterOf(version) === 0 || txn === undefined) continue
      const { body } = decodeTransaction(txn.bytes)
      if (body.type !== OpCode.reconfig || body.record.data?.toString('utf8') !== text)
        throw new Violation(`configuration ${formatZxid(version)} was in force, but never committed`)
    }
    const versions = new Set(cores.map(({ membership }) => membership.committed.version))
    if (versions.size > 1)
      throw new Violation(
        `at rest, configurations ${[...versions].map(formatZxid).join(' and ')} are in force`,
      )
    for (const { leader, membership } of cores)
      for (const { sid, isObserver } of leader?.learnerViews ?? []) {
        const role = membership.committed.servers.find((server) => server.sid === sid)?.role
        if (isObserver !== (role === 'observer'))
          throw new Violation(
            `member ${sid} learns as ${isObserver ? 'an observer' : 'a follower'}, not ${role}`,
          )
      }
  }
}
