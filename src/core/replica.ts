/**
 * What a member holds: its database, the log that the database was made from, the two epochs, and what is on
 * its way to the disk. Election and Zab decide; their decisions become state here.
 *
 * Invariants:
 * - `database` reflects exactly the applied prefix of the log; `pending` is the logged rest, in zxid order.
 * - nothing is applied before it is durable here: a snapshot never shows what the log may still lose.
 * - every disk effect has a ticket, tickets are durable in order; `durableTicket` is the last that is.
 * - acceptedEpoch never falls and is never below currentEpoch.
 */

import { DecodeError } from '../protocol/reader.ts'
import type { QuorumPacket } from '../protocol/records/quorum.ts'
import { checkParts, decodeTransaction, type Transaction } from '../protocol/transaction.ts'
import { type Epoch, formatZxid, isZxid, type Zxid } from '../protocol/zxid.ts'
import type { Database, TxnResult } from '../tree/database.ts'
import type { Effect, LoggedTxn, Recovered, SendEffect, Ticket } from './effects.ts'
import { Fifo } from './fifo.ts'
import { History } from './history.ts'
import { invariant } from './invariant.ts'
import type { EnsembleConfig } from './membership/ensembleConfig.ts'

/** Logged, not yet known to be committed. */
export interface PendingTxn {
  readonly txn: LoggedTxn
  readonly transaction: Transaction
  readonly ticket: Ticket
}

/** A transaction that this member has just applied. */
interface Applied {
  readonly transaction: Transaction
  readonly result: TxnResult
}

export class Replica {
  database: Database
  history: History
  acceptedEpoch: Epoch
  currentEpoch: Epoch
  readonly pending = new Fifo<PendingTxn>()
  durableTicket: Ticket = 0
  private lastTicket: Ticket = 0
  private readonly emit: (effect: Effect) => void
  private readonly historyLimit: number
  /** Number of entries at the head of `pending` that are committed and not applied yet. */
  private committedAhead = 0
  /** The database in memory came by SNAP and is not on disk yet. */
  private isUnsaved = false
  /**
   * The first transaction after which the digest of the leader's tree differed from that of this one; null
   * when there is none.
   */
  differsSince: Zxid | null = null

  constructor(recovered: Recovered, historyLimit: number, emit: (effect: Effect) => void) {
    this.emit = emit
    this.historyLimit = historyLimit
    this.acceptedEpoch = recovered.acceptedEpoch
    this.currentEpoch = recovered.currentEpoch
    this.database = recovered.database
    this.history = this.historyOf(recovered)
  }

  /** Every logged transaction counts, applied or not: this is what a vote claims. */
  get lastLogged(): Zxid {
    return this.pending.last()?.txn.zxid ?? this.database.lastProcessedZxid
  }

  /** Nothing is on its way to the disk. */
  get settled(): boolean {
    return this.durableTicket === this.lastTicket
  }

  private historyOf(recovered: Recovered): History {
    const { recentTxns, database } = recovered
    if (recentTxns.length === 0) return new History(this.historyLimit, database.lastProcessedZxid)
    // Without the transaction before the first recent one, only holders of the first can be served by DIFF.
    const [first, ...rest] = recentTxns as [LoggedTxn, ...LoggedTxn[]]
    return History.from(rest, first.zxid, this.historyLimit)
  }

  private nextTicket(): Ticket {
    this.lastTicket += 1
    return this.lastTicket
  }

  /** Appends to the log; `releases` leave once it is durable. */
  log(txn: LoggedTxn, transaction: Transaction, releases: readonly SendEffect[]): Ticket {
    invariant(
      txn.zxid > this.lastLogged,
      () => `appends ${formatZxid(txn.zxid)} behind ${formatZxid(this.lastLogged)}`,
    )
    const ticket = this.nextTicket()
    this.pending.push({ txn, transaction, ticket })
    this.emit({ kind: 'append', ticket, txn, releases })
    return ticket
  }

  /** The oldest transaction that is logged and not known to be committed. */
  get oldestUncommitted(): PendingTxn | undefined {
    return this.pending.at(this.committedAhead)
  }

  /** Logged and not known to be committed, in order. */
  get uncommitted(): PendingTxn[] {
    return [...this.pending].slice(this.committedAhead)
  }

  /** Everything up to here is committed, applied or not. */
  get lastCommitted(): Zxid {
    const last = this.committedAhead === 0 ? undefined : this.pending.at(this.committedAhead - 1)
    return last?.txn.zxid ?? this.database.lastProcessedZxid
  }

  /** The oldest uncommitted transaction, which must be `zxid`, is committed. `applyNext` is due. */
  commit(zxid: Zxid): void {
    const next = this.oldestUncommitted
    invariant(
      next !== undefined && next.txn.zxid === zxid,
      () =>
        `commit of ${formatZxid(zxid)} while the oldest logged one is ${next ? formatZxid(next.txn.zxid) : 'none'}`,
    )
    this.committedAhead += 1
  }

  /** Whether `applyNext` is due: no step ends while it is. */
  get owesApplying(): boolean {
    const head = this.committedAhead === 0 ? undefined : this.pending.peek()
    return head !== undefined && head.ticket <= this.durableTicket
  }

  /** Applies the oldest transaction that is committed, and durable here; null when there is none. */
  applyNext(): Applied | null {
    if (!this.owesApplying) return null
    const head = this.pending.shift() as PendingTxn
    this.committedAhead -= 1
    return this.apply(head)
  }

  private apply({ txn, transaction }: PendingTxn): Applied {
    const result = this.database.apply(transaction)
    this.history.push(txn)
    const { digest } = transaction
    if (digest !== undefined && digest.treeDigest !== this.database.tree.digest)
      this.differsSince ??= txn.zxid
    return { transaction, result }
  }

  /** Applies without logging: for a learner whose database is written as a whole when the sync ends. */
  applyUnlogged(txn: LoggedTxn, transaction: Transaction): void {
    invariant(this.pending.length === 0, 'an unlogged transaction would overtake logged ones')
    this.database.replay(transaction)
    this.history.push(txn)
  }

  /**
   * Leaving a role: what was logged but not seen committed is part of this member's history all the same,
   * and may be committed by the next leader, so it is applied (ZKDatabase.fastForwardDataBase).
   */
  fastForward(): void {
    this.committedAhead = 0
    for (let head = this.pending.shift(); head; head = this.pending.shift()) this.apply(head)
  }

  /** The log was cut, or what memory held was dropped: this is what the disk holds. */
  restore(recovered: Recovered): void {
    this.isUnsaved = false
    this.pending.clear()
    this.committedAhead = 0
    this.database = recovered.database
    this.history = this.historyOf(recovered)
  }

  /** A SNAP replaced the database in memory; the disk still holds the old one until `installSnapshot`. */
  replaceDatabase(database: Database): void {
    this.pending.clear()
    this.committedAhead = 0
    this.isUnsaved = true
    this.database = database
    this.history = new History(this.historyLimit, database.lastProcessedZxid)
  }

  installSnapshot(): Ticket {
    const ticket = this.nextTicket()
    this.isUnsaved = false
    this.emit({ kind: 'installSnapshot', ticket, zxid: this.database.lastProcessedZxid, releases: [] })
    return ticket
  }

  /**
   * A leader was lost before its SNAP was written: memory must not claim, in votes or as a leader, what a
   * restart would not find.
   */
  dropUnsaved(): void {
    if (this.isUnsaved) this.emit({ kind: 'reload', ticket: this.nextTicket() })
  }

  truncate(zxid: Zxid): Ticket {
    const ticket = this.nextTicket()
    this.emit({ kind: 'truncate', ticket, zxid })
    return ticket
  }

  saveConfig(which: 'next' | 'current', config: EnsembleConfig): Ticket {
    const ticket = this.nextTicket()
    this.emit({ kind: 'saveConfig', ticket, which, config })
    return ticket
  }

  saveAcceptedEpoch(epoch: Epoch, releases: readonly SendEffect[]): Ticket {
    invariant(epoch >= this.acceptedEpoch, `acceptedEpoch would fall from ${this.acceptedEpoch} to ${epoch}`)
    this.acceptedEpoch = epoch
    return this.saveEpoch('accepted', epoch, releases)
  }

  saveCurrentEpoch(epoch: Epoch, releases: readonly SendEffect[]): Ticket {
    invariant(
      epoch >= this.currentEpoch && epoch <= this.acceptedEpoch,
      `currentEpoch ${epoch} outside ${this.currentEpoch}..${this.acceptedEpoch}`,
    )
    this.currentEpoch = epoch
    return this.saveEpoch('current', epoch, releases)
  }

  private saveEpoch(which: 'accepted' | 'current', epoch: Epoch, releases: readonly SendEffect[]): Ticket {
    const ticket = this.nextTicket()
    this.emit({ kind: 'saveEpoch', ticket, which, epoch, releases })
    return ticket
  }

  /** `applyNext` is due. */
  durable(ticket: Ticket): void {
    invariant(
      ticket >= this.durableTicket && ticket <= this.lastTicket,
      `durable ticket ${ticket} outside ${this.durableTicket}..${this.lastTicket}`,
    )
    this.durableTicket = ticket
  }
}

/**
 * A transaction as it arrived: its bytes are copied, because the packet's buffer may be part of a large
 * network buffer.
 * @throws DecodeError for what could not be applied later, UnknownTransactionError for a type of a later
 *   version
 */
export function receiveTxn(data: QuorumPacket['data']): { txn: LoggedTxn; transaction: Transaction } {
  if (data === null) throw new DecodeError('a proposal without a transaction')
  const bytes = Buffer.from(data)
  const transaction = decodeTransaction(bytes)
  checkParts(transaction.body)
  const { zxid } = transaction.header
  if (!isZxid(zxid)) throw new DecodeError(`a transaction that claims the zxid ${zxid}`)
  return { txn: { zxid, bytes }, transaction }
}
