/**
 * What was said: every frame between members in the order in which the proxy read it. This order agrees with
 * cause and effect, because a frame is recorded before it is passed on. Its time is kept only for
 * settling.ts; traces use the order.
 */
import type { MemberId, PortKind } from './addresses.ts'
import type { Content, Frame } from './frames.ts'

/** A connection that was accepted: `dialler` dialled `acceptor`, which on the quorum port is the leader. */
export interface Conversation {
  readonly number: number
  readonly port: PortKind
  readonly dialler: MemberId
  readonly acceptor: MemberId
}

export interface Said {
  readonly conversation: Conversation
  /** Index of the scene in which it was said. */
  readonly scene: number
  readonly from: MemberId
  readonly to: MemberId
  readonly content: Content | { kind: 'hung up' } | { kind: 'cut off' }
  readonly raw: Buffer
  /** Monotonic ms. */
  readonly atMs: number
  /** Number of times its sender has been started: a restarted member counts rounds anew. */
  readonly life: number
  /** The receiver was dead or paused; whether it is still sent anything is a matter of timing. */
  readonly isToAbsent: boolean
  /** False for what the proxy held back until the connection was cut. */
  arrives: boolean
}

export class Recording {
  readonly scenes: string[] = []
  readonly said: Said[] = []
  private conversations = 0
  private readonly lives = new Map<MemberId, number>()
  private readonly absent = new Set<MemberId>()

  scene(title: string): void {
    this.scenes.push(title)
  }

  started(id: MemberId): void {
    this.lives.set(id, (this.lives.get(id) ?? 0) + 1)
    this.absent.delete(id)
  }

  /** The member is killed or paused, until `started` or `resumed`. */
  left(id: MemberId): void {
    this.absent.add(id)
  }

  resumed(id: MemberId): void {
    this.absent.delete(id)
  }

  conversation(port: PortKind, dialler: MemberId, acceptor: MemberId): Conversation {
    this.conversations += 1
    return { number: this.conversations, port, dialler, acceptor }
  }

  frame(conversation: Conversation, from: MemberId, { content, raw }: Frame): Said {
    return this.add(conversation, from, content, raw)
  }

  hungUp(conversation: Conversation, from: MemberId): void {
    this.add(conversation, from, { kind: 'hung up' }, Buffer.alloc(0))
  }

  /** The proxy broke the connection. */
  cutOff(conversation: Conversation): void {
    this.add(conversation, conversation.dialler, { kind: 'cut off' }, Buffer.alloc(0))
  }

  private add(conversation: Conversation, from: MemberId, content: Said['content'], raw: Buffer): Said {
    const { dialler, acceptor } = conversation
    const to = from === dialler ? acceptor : dialler
    const life = this.lives.get(from) ?? 0
    const isToAbsent = this.absent.has(to)
    const scene = this.scenes.length - 1
    const atMs = performance.now()
    const said = { atMs, conversation, scene, from, to, content, raw, life, isToAbsent, arrives: true }
    this.said.push(said)
    return said
  }
}
