/**
 * What a member knows of its ensemble's configurations: the committed one, and those that may become it
 * (Apache's quorumVerifier and lastSeenQuorumVerifier). A configuration is named by its version, the zxid of
 * its reconfig.
 *
 * Whatever must be decided by a quorum is decided by a quorum of the committed configuration and of every
 * later one that this member has seen, because a later one may be in force without this member's knowledge.
 * What has been seen is read from the history itself (`inLog`), so that no crash, TRUNC or SNAP can part the
 * two; the files written by `saveConfig` serve as the first guess at the next start, and for Apache.
 *
 * Invariants:
 * - the version of the committed configuration never falls;
 * - a reconfig that another one follows in the log is committed: a leader proposes one at a time;
 * - a reconfig that a transaction of a later epoch follows in the log is committed: that epoch was
 *   established with the reconfig in its initial history.
 */
import type { Sid } from '../../protocol/ids.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { decodeTransaction, type Transaction } from '../../protocol/transaction.ts'
import { epochOf, formatZxid, ZERO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import type { Database } from '../../tree/database.ts'
import type { LoggedTxn, SendEffect } from '../effects.ts'
import { invariant } from '../invariant.ts'
import { type Electorate, electorateOf } from '../quorum/electorate.ts'
import { type Jurisdiction, joint, UNLIMITED } from '../quorum/joint.ts'
import type { Replica } from '../replica.ts'
import {
  type ConfigCodec,
  type EnsembleConfig,
  sameMembers,
  sameQuorumAddress,
  withVersion,
} from './ensembleConfig.ts'

export const CONFIG_PATH = '/zookeeper/config'

export interface MembershipSettings {
  /** reconfigEnabled: without it the configuration never changes after the start. */
  readonly isReconfigEnabled: boolean
  /** standaloneEnabled: then a reconfig must leave two voters. */
  readonly standaloneEnabled: boolean
  /** The configuration that the member's files name as committed. Without servers: standalone. */
  readonly config: EnsembleConfig
  readonly codec: ConfigCodec
  /** Replaces the rule by which electorates decide, for tests. */
  readonly electorateOf?: typeof electorateOf
}

interface View {
  readonly config: EnsembleConfig
  readonly electorate: Electorate
}

export class Membership implements Electorate {
  private readonly sid: Sid
  private readonly settings: MembershipSettings
  private readonly replica: Pick<Replica, 'saveConfig'>
  private readonly emit: (effect: SendEffect) => void
  private readonly electorateOf: typeof electorateOf
  private inForce: View
  /** The latest reconfig of this member's history, while it is not known to be committed. */
  private inLog: View | null = null
  /** What a leader offered, or this one offers, with NEWLEADER. */
  private offered: View | null = null
  /** The configurations that count: the committed one and those that are pending, the latest last. */
  private views: readonly View[] = []
  private all: Electorate = joint([])
  /** Which configurations decide on which proposals. */
  jurisdictions: readonly Jurisdiction[] = []

  /** @param replica puts configurations on disk before what is logged next */
  constructor(
    sid: Sid,
    settings: MembershipSettings,
    replica: Pick<Replica, 'saveConfig'>,
    emit: (effect: SendEffect) => void,
  ) {
    this.sid = sid
    this.settings = settings
    this.replica = replica
    this.emit = emit
    this.electorateOf = settings.electorateOf ?? electorateOf
    this.inForce = this.viewOf(settings.config)
    this.refresh()
  }

  get isReconfigEnabled(): boolean {
    return this.settings.isReconfigEnabled
  }

  get standaloneEnabled(): boolean {
    return this.settings.standaloneEnabled
  }

  get codec(): ConfigCodec {
    return this.settings.codec
  }

  get committed(): EnsembleConfig {
    return this.inForce.config
  }

  /** The latest that this member has seen; the committed one while no other is pending. */
  get lastSeen(): EnsembleConfig {
    return (this.views[this.views.length - 1] as View).config
  }

  get isPending(): boolean {
    return this.views.length > 1
  }

  /** The voters of the committed configuration alone: enough for following, never for leading. */
  get committedElectorate(): Electorate {
    return this.inForce.electorate
  }

  /** What this member is; a server outside the configuration takes part as a follower without a vote. */
  get role(): 'participant' | 'observer' {
    const own = this.committed.servers.find(({ sid }) => sid === this.sid)
    return own?.role ?? 'participant'
  }

  get voters(): readonly Sid[] {
    return this.all.voters
  }

  isVoter(sid: Sid): boolean {
    return this.all.isVoter(sid)
  }

  weightOf(sid: Sid): number {
    return this.all.weightOf(sid)
  }

  containsQuorum(sids: Iterable<Sid>): boolean {
    return this.all.containsQuorum(sids)
  }

  isMember(sid: Sid): boolean {
    return this.views.some(({ config }) => config.servers.some((server) => server.sid === sid))
  }

  electorateFor(config: EnsembleConfig): Electorate {
    return this.electorateOf(config.servers)
  }

  /**
   * The database was replaced, or was found on disk: its history says which configurations were seen. A
   * standalone server has no configuration, whatever ensemble its data dir comes from.
   */
  reread(database: Database, recentTxns: readonly LoggedTxn[] = []): void {
    if (!this.isReconfigEnabled || this.committed.servers.length === 0) return
    this.inLog = null
    this.offered = null
    const last = this.configIn(database)
    if (last !== null && last.version > this.committed.version) {
      const before = recentTxns.map(({ bytes }) => this.proposedIn(decodeTransaction(bytes)))
      for (const config of before) if (config !== null && config.version < last.version) this.commit(config)
      if (epochOf(database.lastProcessedZxid) > epochOf(last.version)) this.commit(last)
      else this.inLog = this.viewOf(last)
    }
    this.refresh()
    // Their votes are needed, and the files read at the start may not name them.
    if (this.isPending) this.announce()
  }

  /** Null also for what a client has written there, which skipACL permits. */
  private configIn(database: Database): EnsembleConfig | null {
    const node = database.tree.node(CONFIG_PATH)
    if (node === undefined || node.data === null || node.data.length === 0) return null
    const config = this.codec.read(node.data.toString('utf8'))
    return node.version === -1 && config?.version === node.mzxid ? config : null
  }

  /** The configuration that a transaction proposes; null when it is no reconfig. */
  proposedIn({ header, body }: Transaction): EnsembleConfig | null {
    if (!this.isReconfigEnabled || body.type !== OpCode.reconfig) return null
    const config = this.codec.read(body.record.data?.toString('utf8') ?? '')
    invariant(
      config !== null && config.version === header.zxid,
      () =>
        `reconfig ${formatZxid(header.zxid)} carries configuration ${config?.version.toString(16) ?? 'none'}`,
    )
    return config
  }

  /** To be called right before a transaction is appended to the log. */
  logs(transaction: Transaction): void {
    const { inLog } = this
    if (inLog !== null && epochOf(transaction.header.zxid) > epochOf(inLog.config.version))
      this.commit(inLog.config)
    const config = this.proposedIn(transaction)
    if (config === null || config.version <= this.committed.version) return
    // A database that was sent while it changed may already show what is proposed later.
    if (this.inLog !== null && config.version <= this.inLog.config.version) return
    if (this.inLog !== null) this.commit(this.inLog.config)
    this.inLog = this.viewOf(config)
    this.refresh()
    this.replica.saveConfig('next', config)
    this.announce()
  }

  /** NEWLEADER carries it: it is in force as soon as its leader's epoch is established. */
  offer(config: EnsembleConfig): void {
    if (!this.isReconfigEnabled || config.version <= this.committed.version) return
    this.offered = this.viewOf(config)
    this.refresh()
    this.replica.saveConfig('next', config)
    this.announce()
  }

  /**
   * A leader gives the configuration that was never changed the version of its epoch, so that it takes
   * precedence over what joining servers believe (ZOOKEEPER-1783).
   */
  offerFirstVersion(version: Zxid): void {
    if (this.lastSeen.version === 0) this.offer(withVersion(this.committed, version))
  }

  /**
   * A configuration is in force.
   * @param designated the server that leads from now on, where the leader has named one
   * @returns why this member must leave its role, or null when it continues (QuorumPeer.processReconfig)
   */
  activate(config: EnsembleConfig, leader: Sid, designated: Sid | null): string | null {
    if (!this.isReconfigEnabled || config.version <= this.committed.version) return null
    const { committed: previous, role } = this
    this.commit(config)
    if (sameMembers(previous, config)) return null
    const ended = this.endOf(role)
    if (ended !== null) return ended
    if (designated !== null && designated !== leader) return `server ${designated} is to lead now`
    const [old, now] = [previous, config].map(({ servers }) => servers.find(({ sid }) => sid === leader))
    if (now?.role !== 'participant') return `server ${leader} must not lead any more`
    return old === undefined || sameQuorumAddress(old, now)
      ? null
      : `server ${leader} moves to another address`
  }

  /** @returns why a member that took part in this role must leave it, or null */
  endOf(role: Membership['role']): string | null {
    if (this.role === role) return null
    return `this server is ${this.role === 'observer' ? 'an observer' : 'a participant'} now`
  }

  /**
   * Another server reports the committed configuration in a notification (FastLeaderElection.WorkerReceiver).
   * @returns whether the voters change
   */
  hear(text: string): boolean {
    if (!this.isReconfigEnabled || text === this.committed.text) return false
    const config = this.codec.read(text)
    if (config === null || config.version <= this.committed.version) return false
    const previous = this.committed
    this.commit(config)
    return !sameMembers(previous, config)
  }

  private commit(config: EnsembleConfig): void {
    if (config.version <= this.committed.version) return
    this.inForce = this.viewOf(config)
    this.refresh()
    this.replica.saveConfig('current', config)
    const message = `configuration ${formatZxid(config.version)} is in force: ${describe(config)}`
    this.emit({ kind: 'event', event: { type: 'log', level: 'info', message } })
    this.announce()
  }

  /** The pending configurations, the latest last. */
  private refresh(): void {
    const isLater = (view: View | null): view is View =>
      view !== null && view.config.version > this.committed.version
    if (!isLater(this.inLog)) this.inLog = null
    if (!isLater(this.offered) || this.offered.config.version === this.inLog?.config.version)
      this.offered = null
    const pending = [this.inLog, this.offered].filter(isLater)
    pending.sort((a, b) => a.config.version - b.config.version)
    this.views = [this.inForce, ...pending]
    this.all = joint(this.views.map(({ electorate }) => electorate))
    this.jurisdictions = this.views.map((view) => ({
      electorate: view.electorate,
      from: view === this.inForce ? ZERO_ZXID : view.config.version,
      upTo: UNLIMITED,
    }))
  }

  /** The network must reach every member that counts. */
  private announce(): void {
    this.emit({ kind: 'membership', committed: this.committed, lastSeen: this.lastSeen })
  }

  private viewOf(config: EnsembleConfig): View {
    return { config, electorate: this.electorateOf(config.servers) }
  }
}

function describe({ servers }: EnsembleConfig): string {
  return servers.map(({ sid, role }) => (role === 'observer' ? `${sid} (observer)` : String(sid))).join(', ')
}
