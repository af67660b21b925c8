/**
 * The write probes of a cluster, and what is known of their traffic, so that it is left out of reports:
 * sessions, connections, log lines.
 */

import type { SupervisorEvent } from '../../api/api.ts'
import { clientEndpoint } from '../../config/servers/clientEndpoint.ts'
import type { MemberEvent } from '../../core/events.ts'
import { setTimeout } from '../../time.ts'
import type { Member } from '../member.ts'
import type { Availability } from './availability.ts'
import { WriteProbe } from './probe.ts'
import type { Session } from './probeFrames.ts'

/** Events of a connection arrive within this time of its end. */
const REMEMBERED_MS = 2000

export class Probes {
  private readonly availability: Availability
  private readonly sessions = new Set<string>()
  /** `member:port`, the port of the probe's end of the connection. */
  private readonly ends = new Set<string>()
  private readonly connections = new Map<number, number>()
  /** Sessions that could not be closed for lack of a quorum; the next probe closes them. */
  private leftOpen: Session[] = []

  constructor(availability: Availability) {
    this.availability = availability
  }

  open(members: readonly Member[], paceMs?: number): WriteProbe {
    const targets = members.map(({ id, config, secureDial }) => {
      const { host, port, isSecure } = clientEndpoint(config)
      const dial = isSecure && secureDial !== null ? { dial: secureDial } : {}
      return { member: id, host, port, ...dial }
    })
    const probe = new WriteProbe(targets, (session) => this.sessions.add(session), paceMs)
    probe.onConnection = (member, port) => this.connected(member, port)
    probe.onAck(() => this.availability.acknowledged(probe.lastAckAt ?? 0))
    return probe
  }

  /** Ends a probe without waiting for it. */
  close(probe: WriteProbe): void {
    const { leftOpen } = this
    this.leftOpen = []
    void probe.close(leftOpen).then((still) => this.leftOpen.push(...still))
  }

  /** How many of the connections that a member counts are probes'. */
  connectionsTo(member: number): number {
    return this.connections.get(member) ?? 0
  }

  /** Whether an event of this member, or a line of its log, is caused by a probe. */
  isOwn(member: number, event: MemberEvent | SupervisorEvent): boolean {
    switch (event.type) {
      case 'session-opened':
        if (!this.isEnd(member, event.client)) return this.sessions.has(event.session)
        this.sessions.add(event.session)
        return true
      case 'session-moved':
      case 'session-closed':
      case 'session-expired':
        return this.sessions.has(event.session)
      case 'connection-refused':
        return event.port === 'client' && this.isEnd(member, event.remote)
      case 'log':
        return this.isEnd(member, event.fields?.client) || this.isMentioned(member, event.message)
      default:
        return false
    }
  }

  /** @returns a function to be called when the connection ends */
  private connected(member: number, port: number): () => void {
    const end = `${member}:${port}`
    this.ends.add(end)
    this.connections.set(member, this.connectionsTo(member) + 1)
    return () => {
      this.connections.set(member, this.connectionsTo(member) - 1)
      setTimeout(() => this.ends.delete(end), REMEMBERED_MS).unref()
    }
  }

  private isEnd(member: number, address: unknown): boolean {
    if (typeof address !== 'string') return false
    return this.ends.has(`${member}:${address.slice(address.lastIndexOf(':') + 1)}`)
  }

  /** Apache ZooKeeper's lines name sessions (`0x1a`) and addresses (`/127.0.0.1:40000`) in their text. */
  private isMentioned(member: number, message: string): boolean {
    if (this.sessions.size === 0) return false
    const words = message.match(/0x[0-9a-f]+|\/[0-9a-f.:]+:\d+/g) ?? []
    return words.some((word) => (word.startsWith('/') ? this.isEnd(member, word) : this.sessions.has(word)))
  }
}
