/**
 * Reconfiguration in the simulation: what clients ask for, and what must hold of configurations. A version is one
 * configuration, everywhere and for ever; what is in force anywhere was committed, or is the first one, named after an epoch.
 */

import type { LoggedTxn } from '../../src/core/effects.ts'
import type { EnsembleConfig } from '../../src/core/ensembleConfig.ts'
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
  if (areMany) return { servers, share: 0.1 }
  return random.chance(0.6) ? { servers, share: random.pick([0.015, 0.015, 0.1]) } : null
}

/** Puts servers out of the ensemble or into it, as voters or as observers; sometimes it becomes another one altogether. */
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

  atRest(committed: ReadonlyMap<Zxid, LoggedTxn>): void {
    for (const [version, text] of this.inForce) {
      const txn = committed.get(version)
      // Of what only snapshots showed nothing more is known.
      if (counterOf(version) === 0 || txn === undefined) continue
      const { body } = decodeTransaction(txn.bytes)
      if (body.type !== OpCode.reconfig || body.record.data?.toString('utf8') !== text)
        throw new Violation(`configuration ${formatZxid(version)} was in force, but never committed`)
    }
  }
}
