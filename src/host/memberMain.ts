/**
 * The member's side of a host, the same in a thread and in a process: it carries out the host's messages, and
 * reports what happens.
 */
import type { MemberEvent } from '../core/events.ts'
import { Peer } from '../peer/peer.ts'
import { performance, setImmediate } from '../time.ts'
import type { StampedMemberEvent } from './host.ts'
import { type FromMember, portable, type ToMember } from './messages.ts'

interface MemberChannel {
  readonly send: (message: FromMember) => void
  /** Blocks the thread until it is resumed. Processes are stopped by the system instead. */
  readonly block: () => void
  /** The member has ended, so the thread or process that runs it may end. */
  readonly done: () => void
}

export class MemberMain {
  private readonly channel: MemberChannel
  private peer: Peer | null = null
  private events: StampedMemberEvent[] = []
  private hasEnded = false

  constructor(channel: MemberChannel) {
    this.channel = channel
  }

  readonly receive = (message: ToMember): void => {
    switch (message.kind) {
      case 'open':
        void this.open(message.config)
        break
      case 'run':
        this.peer?.run()
        break
      case 'status':
        if (this.peer !== null) {
          this.channel.send({ kind: 'status', question: message.question, status: this.peer.status })
        }
        break
      case 'pause':
        this.channel.block()
        break
      case 'stop':
        void this.stop()
        break
    }
  }

  private async open(config: Extract<ToMember, { kind: 'open' }>['config']): Promise<void> {
    try {
      this.peer = await Peer.open({
        config,
        onEvent: (event) => this.event(event),
        onExit: ({ code, reason }) => this.end({ kind: 'crashed', code, reason }),
      })
      this.channel.send({ kind: 'opened' })
    } catch (error) {
      this.channel.send({ kind: 'refused', error: portable(error) })
      this.channel.done()
    }
  }

  /** Events of one turn are sent together. */
  private event(event: MemberEvent): void {
    this.events.push({ at: performance.timeOrigin + performance.now(), event })
    if (this.events.length === 1) setImmediate(() => this.flush())
  }

  private flush(): void {
    if (this.events.length === 0) return
    this.channel.send({ kind: 'events', events: this.events })
    this.events = []
  }

  private async stop(): Promise<void> {
    await this.peer?.stop()
    this.end({ kind: 'stopped' })
  }

  /** An unexpected error was not caught: the member ends, and reports why. */
  crash(error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.end({ kind: 'crashed', code: 'UNEXPECTED_ERROR', reason })
  }

  private end(exit: Extract<FromMember, { kind: 'ended' }>['exit']): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.flush()
    this.channel.send({ kind: 'ended', exit })
    this.channel.done()
  }
}
