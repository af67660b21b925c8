/**
 * What must hold after every step: at most one leader is established per epoch; committed histories are
 * prefixes of one another (same transactions, same trees); and, of what clients see: nothing acknowledged is
 * lost, writes are linearizable in zxid order, a session's reads never go back.
 */
import type { LoggedTxn } from '../../src/core/effects.ts'
import type { PeerCore } from '../../src/core/peer.ts'
import { decodeTransaction, type Transaction } from '../../src/protocol/transaction.ts'
import { formatZxid, ZERO_ZXID, type Zxid } from '../../src/protocol/zxid.ts'
import { Database } from '../../src/tree/database.ts'
import { ReconfigChecks } from './reconfigs.ts'
import { checkSessions } from './sessions.ts'
import { Violation } from './violation.ts'

export { Violation } from './violation.ts'

export interface Read {
  readonly zxid: Zxid
  readonly path: string
  /** mzxid of the node as read; null when there was none. */
  readonly mzxid: Zxid | null
}

/** How far a serving member has been compared: up to the transaction with this zxid. */
interface Position {
  readonly core: PeerCore
  upTo: Zxid
}

export class Checks {
  /** Every transaction that a serving member has shown, by zxid, and which one followed which. */
  private readonly committed = new Map<Zxid, LoggedTxn>()
  private readonly next = new Map<Zxid, Zxid>()
  private readonly previous = new Map<Zxid, Zxid>()
  private readonly leaders = new Map<number, number>()
  private readonly positions = new Map<number, Position>()
  private readonly digests = new Map<Zxid, bigint>()
  private readonly acknowledged: Zxid[] = []
  private highestAcknowledged: Zxid = ZERO_ZXID
  private readonly reads: Read[] = []
  readsCompared = 0
  readonly reconfigs = new ReconfigChecks()
  sessionsCreated = 0

  established(sid: number, epoch: number): void {
    const other = this.leaders.get(epoch)
    if (other !== undefined) throw new Violation(`epoch ${epoch} is established by ${other} and by ${sid}`)
    this.leaders.set(epoch, sid)
  }

  get epochs(): number {
    return this.leaders.size
  }

  /** After each step of a member. */
  member(sid: number, core: PeerCore): void {
    this.reconfigs.member(sid, core.membership.committed)
    if (!core.status.serving) {
      this.positions.delete(sid)
      return
    }
    const position = this.positionOf(sid, core)
    const { history, database } = core.replica
    for (const txn of history.after(position.upTo)) {
      this.extend(sid, position.upTo, txn)
      position.upTo = txn.zxid
    }
    const zxid = database.lastProcessedZxid
    const digest = database.tree.digest
    const known = this.digests.get(zxid)
    if (known === undefined) this.digests.set(zxid, digest)
    else if (known !== digest) throw new Violation(`member ${sid} has another tree at ${formatZxid(zxid)}`)
  }

  get transactions(): number {
    return this.committed.size
  }

  private positionOf(sid: number, core: PeerCore): Position {
    const known = this.positions.get(sid)
    if (known !== undefined && known.core === core) return known
    const position = { core, upTo: core.replica.history.floor }
    this.positions.set(sid, position)
    return position
  }

  /** Histories are chains: one transaction has one successor and one predecessor, everywhere. */
  private extend(sid: number, before: Zxid, txn: LoggedTxn): void {
    const known = this.committed.get(txn.zxid)
    if (known !== undefined && !known.bytes.equals(txn.bytes)) {
      throw new Violation(`member ${sid} has another transaction ${formatZxid(txn.zxid)} than was committed`)
    }
    const next = this.next.get(before) ?? txn.zxid
    const previous = this.previous.get(txn.zxid) ?? before
    if (next !== txn.zxid || previous !== before) {
      const theirs = `${formatZxid(before)} then ${formatZxid(txn.zxid)}`
      const other =
        next === txn.zxid ? `${formatZxid(previous)} came before it` : `${formatZxid(next)} followed`
      throw new Violation(`member ${sid} has ${theirs}, elsewhere ${other}`)
    }
    this.committed.set(txn.zxid, txn)
    this.next.set(before, txn.zxid)
    this.previous.set(txn.zxid, before)
  }

  /** What a write that is invoked now must come after. */
  get writesSoFar(): Zxid {
    return this.highestAcknowledged
  }

  writeAcknowledged(zxid: Zxid, invokedAfter: Zxid): void {
    if (zxid <= invokedAfter) {
      const message = `a write got ${formatZxid(zxid)}, though ${formatZxid(invokedAfter)} was acknowledged before it began`
      throw new Violation(message)
    }
    this.acknowledged.push(zxid)
    if (zxid > this.highestAcknowledged) this.highestAcknowledged = zxid
  }

  readAnswered(read: Read): void {
    this.reads.push(read)
  }

  sessionSaw(session: bigint, before: Zxid, zxid: Zxid): void {
    if (zxid < before) {
      throw new Violation(
        `session ${session.toString(16)} saw ${formatZxid(before)}, then ${formatZxid(zxid)}`,
      )
    }
  }

  /** When the world has come to rest: nothing acknowledged is missing, every read was of its zxid's state. */
  atRest(cores: readonly PeerCore[]): void {
    for (const zxid of this.acknowledged) {
      if (!this.committed.has(zxid)) throw new Violation(`the acknowledged write ${formatZxid(zxid)} is lost`)
    }
    this.reconfigs.atRest(this.committed, cores)
    this.replayReads()
    this.sessionsCreated = checkSessions(this.inOrder())
  }

  private *inOrder(): Generator<Transaction> {
    for (let zxid = this.next.get(ZERO_ZXID); zxid !== undefined; zxid = this.next.get(zxid))
      yield decodeTransaction((this.committed.get(zxid) as LoggedTxn).bytes)
  }

  /**
   * Follows the chain from the beginning. It may have an end before the last zxid: what only snapshots show,
   * a tail that no serving member had in its log, can be compared by digest alone.
   */
  private replayReads(): void {
    const database = Database.initial()
    const reads = [...this.reads].sort((a, b) => a.zxid - b.zxid)
    let next = this.next.get(ZERO_ZXID)
    for (const read of reads) {
      while (next !== undefined && next <= read.zxid) {
        database.apply(decodeTransaction((this.committed.get(next) as LoggedTxn).bytes))
        next = this.next.get(next)
      }
      if (database.lastProcessedZxid !== read.zxid) continue
      this.readsCompared += 1
      const mzxid = database.tree.node(read.path)?.mzxid ?? null
      if (mzxid !== read.mzxid) {
        const message = `a read of ${read.path} at ${formatZxid(read.zxid)} saw mzxid ${read.mzxid}, not ${mzxid}`
        throw new Violation(message)
      }
    }
  }
}
