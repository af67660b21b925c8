/**
 * A leader whose learners are played by the test, packet by packet; its disk takes no time unless it is told
 * to.
 */
import { ClientService } from '../../../src/core/clients/clientService.ts'
import type { Effect, Now, SendEffect } from '../../../src/core/effects.ts'
import type { EnsembleConfig } from '../../../src/core/membership/ensembleConfig.ts'
import { Membership } from '../../../src/core/membership/membership.ts'
import { Replica } from '../../../src/core/replica.ts'
import type { PeerSettings } from '../../../src/core/settings.ts'
import { Departure } from '../../../src/core/zab/departure.ts'
import { Leader } from '../../../src/core/zab/leader/leader.ts'
import * as packets from '../../../src/core/zab/packets.ts'
import type { SessionId, Sid } from '../../../src/protocol/ids.ts'
import { encode } from '../../../src/protocol/jute.ts'
import { OpCode, PacketType } from '../../../src/protocol/opcodes.ts'
import { CreateRequest, ReconfigRequest } from '../../../src/protocol/records/client.ts'
import { encodeTransaction, type Transaction } from '../../../src/protocol/transaction.ts'
import { type Epoch, makeZxid, ZERO_ZXID, type Zxid } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import { serverLine } from '../configs.ts'
import { memberSettings } from './settings.ts'

const session = 7n as SessionId
const typeNames = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]))

export interface History {
  readonly transactions: readonly Transaction[]
  readonly epoch: Epoch
}

export interface Claims {
  readonly isObserver?: boolean
  /** Of the configuration that it knows to be committed; the leader's unless given. */
  readonly version?: number
  readonly lastZxid?: Zxid
  readonly currentEpoch?: Epoch | -1
}

export class ScriptedLeader {
  readonly sid: Sid
  readonly leader: Leader
  readonly membership: Membership
  readonly replica: Replica
  /** What each server was sent, by sid: `commit 200000001`, `commitAndActivate 200000001 to 3`. */
  readonly sent = new Map<number, string[]>()
  readonly saved: string[] = []
  /** Why it stepped down, and whom it designated. */
  readonly departure = new Departure()
  /** Why learners were closed, by sid. */
  readonly closed = new Map<number, string>()
  now: Now = { monotonicMs: 0, wallMs: 1_700_000_000_000 }
  private readonly sids = new Map<number, number>()
  private readonly effects: Effect[] = []
  private cxid = 0

  constructor(sid: number, config: EnsembleConfig, history: History = { transactions: [], epoch: 0 }) {
    this.sid = sid as Sid
    const database = Database.initial()
    for (const txn of history.transactions) database.apply(txn)
    const recentTxns = history.transactions.map((txn) => ({
      zxid: txn.header.zxid,
      bytes: encodeTransaction(txn),
    }))
    const { epoch } = history
    const emit = (effect: Effect) => this.effects.push(effect)
    this.replica = new Replica({ database, recentTxns, acceptedEpoch: epoch, currentEpoch: epoch }, 500, emit)
    const settings = memberSettings(this.sid, config, true)
    this.membership = new Membership(this.sid, settings.membership, this.replica, emit)
    this.membership.reread(database, recentTxns)
    this.leader = this.begin(settings, emit)
    this.settle()
  }

  private begin(settings: PeerSettings, emit: (effect: Effect) => void): Leader {
    const { membership, replica, departure } = this
    replica.database.sessions.set(session, 4e9)
    const clients = new ClientService(settings, replica, membership, emit)
    const { zab, requests } = settings
    const context = { settings: zab, requests, membership, replica, clients, election: null, departure, emit }
    return new Leader(context, this.now)
  }

  /** Carries out what the last step asked for, until nothing is left. */
  settle(): void {
    for (let effect = this.effects.shift(); effect; effect = this.effects.shift()) {
      if (!('ticket' in effect)) {
        this.send(effect)
        continue
      }
      if (effect.kind === 'saveConfig')
        this.saved.push(`${effect.which} ${effect.config.version.toString(16)}`)
      if ('releases' in effect) for (const release of effect.releases) this.send(release)
      this.replica.durable(effect.ticket)
      this.leader.durable(this.now)
    }
  }

  private send(effect: SendEffect): void {
    if (effect.kind === 'toLearner') {
      const { type, zxid, data } = effect.packet
      const name = `${typeNames.get(type)} ${zxid.toString(16)}`
      const isActivation = type === PacketType.commitAndActivate || type === PacketType.informAndActivate
      const said = isActivation ? `${name} to ${packets.readActivation(data).designated}` : name
      this.sentTo(this.sids.get(effect.learner) ?? -1).push(said)
    } else if (effect.kind === 'closeLearner') {
      this.closed.set(this.sids.get(effect.learner) ?? -1, effect.reason)
    }
  }

  sentTo(sid: number): string[] {
    const known = this.sent.get(sid)
    if (known !== undefined) return known
    const sent: string[] = []
    this.sent.set(sid, sent)
    return sent
  }

  /** @returns the connection */
  connect(sid: number, claims: Claims = {}): number {
    const id = this.sids.size + 1
    this.sids.set(id, sid)
    this.leader.joined(id, this.now)
    const type = claims.isObserver ? PacketType.observerInfo : PacketType.followerInfo
    const version = claims.version ?? this.membership.committed.version
    this.packet(id, packets.learnerInfo(type, 0, sid as Sid, version))
    return id
  }

  promise(id: number, claims: Claims = {}): void {
    this.packet(id, packets.ackEpoch(claims.lastZxid ?? ZERO_ZXID, claims.currentEpoch ?? 0))
  }

  /**
   * Connect together, promise, and have the leader's history and epoch on their disks: `2`, an observer `3o`.
   */
  join(words: readonly string[], claims: Claims = {}): number[] {
    const ids = words.map((word) =>
      this.connect(Number.parseInt(word, 10), { ...claims, isObserver: word.endsWith('o') }),
    )
    for (const id of ids) this.promise(id, claims)
    for (const id of ids) this.ackNewLeader(id)
    return ids
  }

  ackNewLeader(id: number): void {
    this.packet(id, packets.ack(makeZxid(this.leader.epoch as Epoch, 0)))
  }

  ack(id: number, zxid: Zxid = this.leader.lastProposed): void {
    this.packet(id, packets.ack(zxid))
  }

  leave(id: number): void {
    this.leader.left(id)
    this.settle()
  }

  private packet(id: number, packet: ReturnType<typeof packets.ack>): void {
    this.leader.packet(id, packet, this.now)
    this.settle()
  }

  tick(monotonicMs: number): void {
    this.now = { ...this.now, monotonicMs }
    this.leader.tick(this.now)
    this.settle()
  }

  /** @returns its zxid */
  create(path: string): Zxid {
    const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
    this.submit(OpCode.create, encode(CreateRequest, { path, data: null, acl, flags: 0 }))
    return this.leader.lastProposed
  }

  /** `3o` joins as an observer, `3@2999` at another quorum port. @returns its zxid */
  reconfig(joining: readonly string[], leaving: readonly number[] = []): Zxid {
    const lines = joining.map((word) => {
      const [, sid, observer, port] = /^(\d+)(o?)(?:@(\d+))?$/.exec(word) ?? []
      return serverLine(Number(sid), observer === 'o' ? 'observer' : 'participant', Number(port ?? 2888))
    })
    this.submit(
      OpCode.reconfig,
      encode(ReconfigRequest, {
        joiningServers: lines.join(','),
        leavingServers: leaving.join(','),
        newMembers: null,
        curConfigId: -1n,
      }),
    )
    return this.leader.lastProposed
  }

  private submit(type: number, body: Buffer): void {
    this.cxid += 1
    const request = { sessionId: session, cxid: this.cxid, type, body, authInfo: [], owner: 'local' } as const
    this.leader.submit(request, this.now)
    this.settle()
  }

  /** The last that is committed, and applied, here. */
  get committed(): Zxid {
    return this.replica.database.lastProcessedZxid
  }
}
