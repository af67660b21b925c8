/**
 * Elections over real sockets: Election and ElectionNetwork composed as a member does, with a timer for its
 * clock.
 */

import type { Address } from '../../src/core/election/codec.ts'
import { Election } from '../../src/core/election/election.ts'
import type { Notification } from '../../src/core/election/notification.ts'
import type { MemberEvent } from '../../src/core/events.ts'
import { electorateOf } from '../../src/core/quorum/electorate.ts'
import { ElectionNetwork } from '../../src/net/electionNetwork.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import { ZERO_ZXID } from '../../src/protocol/zxid.ts'

export const localhost = '127.0.0.1'
export const at = (port: number): Address => ({ host: localhost, port })

/** An ElectionNetwork without an election, and what it received. */
export class NetworkEnd implements AsyncDisposable {
  readonly network: ElectionNetwork
  readonly heard: { from: number; notification: Notification }[] = []
  readonly reached: { sid: number; reachable: boolean; reason: string }[] = []
  readonly events: MemberEvent[] = []

  constructor(sid: number, ports: ReadonlyMap<number, number>, options: { greetingTimeoutMs?: number } = {}) {
    this.network = new ElectionNetwork({
      sid: sid as Sid,
      addresses: [at(ports.get(sid) ?? 0)],
      peers: [...ports].map(([peer, port]) => ({ sid: peer as Sid, addresses: [at(port)] })),
      cnxTimeoutMs: 5000,
      greetingTimeoutMs: options.greetingTimeoutMs ?? 5000,
      onNotification: (from, notification) => this.onNotification(from, notification),
      onReachability: (peer, reachable, reason) => this.onReachability(peer, reachable, reason),
      onEvent: (event) => this.events.push(event),
    })
  }

  static async listening(
    sid: number,
    ports: ReadonlyMap<number, number>,
    options: { greetingTimeoutMs?: number } = {},
  ): Promise<NetworkEnd> {
    const end = new NetworkEnd(sid, ports, options)
    await end.network.listen()
    return end
  }

  protected onNotification(from: Sid, notification: Notification): void {
    this.heard.push({ from, notification })
  }

  protected onReachability(sid: Sid, reachable: boolean, reason: string): void {
    this.reached.push({ sid, reachable, reason })
  }

  refusals(): string[] {
    return this.events.flatMap((event) => (event.type === 'connection-refused' ? [event.reason] : []))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.network.close()
  }
}

export class ElectionMember extends NetworkEnd {
  readonly election: Election
  private timer: NodeJS.Timeout | null = null

  constructor(sid: number, ports: ReadonlyMap<number, number>, observers: readonly number[] = []) {
    super(sid, ports)
    const role = (id: number) => (observers.includes(id) ? ('observer' as const) : ('participant' as const))
    const members = [...ports.keys()].map((id) => ({ sid: id, role: role(id), group: null, weight: 1 }))
    this.election = new Election(
      {
        sid: sid as Sid,
        electorate: electorateOf(members),
        minNotificationIntervalMs: 200,
        maxNotificationIntervalMs: 60_000,
        finalizeWaitMs: 200,
        membership: {
          committedElectorate: electorateOf(members),
          role: role(sid),
          committed: { text: '' },
          hear: () => false,
        },
      },
      (effect) => {
        if (effect.kind === 'notify') this.network.send(effect.to, effect.notification)
        else if (effect.kind === 'event') this.events.push(effect.event)
      },
    )
  }

  async open(): Promise<this> {
    await this.network.listen()
    return this
  }

  look(history = { zxid: ZERO_ZXID, currentEpoch: 0 }): this {
    this.step(() => this.election.start(history, now()))
    return this
  }

  get leader(): number | null {
    return this.election.outcome?.leader ?? null
  }

  protected override onNotification(from: Sid, notification: Notification): void {
    super.onNotification(from, notification)
    this.step(() => this.election.receive(from, notification, now()))
  }

  protected override onReachability(sid: Sid, reachable: boolean, reason: string): void {
    super.onReachability(sid, reachable, reason)
    this.step(() => this.election.reachability(sid, reachable, now()))
  }

  private step(change: () => void): void {
    change()
    if (this.timer !== null) clearTimeout(this.timer)
    const dueMs = this.election.nextDeadlineMs
    this.timer = Number.isFinite(dueMs)
      ? setTimeout(() => this.step(() => this.election.tick(now())), Math.max(0, dueMs - performance.now()))
      : null
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }
}

function now() {
  return { monotonicMs: performance.now(), wallMs: Date.now() }
}
