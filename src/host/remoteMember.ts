/**
 * The half of a host that threads and processes share: the conversation with a member at the other end of a
 * channel. The other half starts, freezes and ends the member.
 */
import type { ServerConfig } from '../config/serverConfig.ts'
import { clearTimeout, setTimeout } from '../time.ts'
import type { ExitInfo, MemberStatus, StampedMemberEvent } from './host.ts'
import type { FromMember, PortableError, ToMember } from './messages.ts'

/**
 * The member cannot be started: a port is taken (`code`, `port`, `address` and other fields are the
 * system's), or its data is another member's.
 */
export class OpenError extends Error {
  override name = 'OpenError'

  constructor({ message, ...rest }: PortableError) {
    super(message)
    Object.assign(this, rest)
  }
}

export class RemoteMember {
  readonly exited: Promise<ExitInfo>
  private readonly post: (message: ToMember) => void
  private settleExit: (exit: ExitInfo) => void = () => {}
  private opened: { resolve: () => void; reject: (error: Error) => void } | null = null
  private config: ServerConfig | null = null
  private readonly questions = new Map<number, (status: MemberStatus) => void>()
  private lastQuestion = 0
  private readonly listeners: ((event: StampedMemberEvent) => void)[] = []
  /** How the member ended according to itself. */
  private ended: ExitInfo | null = null
  private wasKilled = false

  constructor(post: (message: ToMember) => void) {
    this.post = post
    this.exited = new Promise((resolve) => {
      this.settleExit = resolve
    })
  }

  /** Resolves when the member's ports are bound. @throws OpenError */
  open(config: ServerConfig): Promise<void> {
    this.config = config
    return new Promise((resolve, reject) => {
      this.opened = { resolve, reject }
    })
  }

  receive(message: FromMember): void {
    switch (message.kind) {
      case 'ready':
        if (this.config !== null) this.post({ kind: 'open', config: this.config })
        break
      case 'opened':
        this.opened?.resolve()
        break
      case 'refused':
        this.opened?.reject(new OpenError(message.error))
        break
      case 'events':
        for (const event of message.events) for (const listener of this.listeners) listener(event)
        break
      case 'status':
        this.questions.get(message.question)?.(message.status)
        this.questions.delete(message.question)
        break
      case 'ended':
        this.ended = message.exit
        break
    }
  }

  onEvent(listener: (event: StampedMemberEvent) => void): void {
    this.listeners.push(listener)
  }

  run(): void {
    this.post({ kind: 'run' })
  }

  askToStop(): void {
    this.post({ kind: 'stop' })
  }

  killing(): void {
    this.wasKilled = true
  }

  status(timeoutMs: number): Promise<MemberStatus | null> {
    this.lastQuestion += 1
    const question = this.lastQuestion
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.questions.delete(question)
        resolve(null)
      }, timeoutMs)
      this.questions.set(question, (status) => {
        clearTimeout(timer)
        resolve(status)
      })
      this.post({ kind: 'status', question })
    })
  }

  /**
   * The thread or process that ran the member has ended.
   * @param otherwise how it ended, for when neither the member nor a kill explains it
   */
  gone(otherwise: string | Error): void {
    const reason = typeof otherwise === 'string' ? otherwise : otherwise.message
    const crashed = { kind: 'crashed', code: 'UNEXPECTED_ERROR', reason } as const
    const early = () => new Error(`the member ended before its ports were bound: ${reason}`)
    this.opened?.reject(typeof otherwise === 'string' ? early() : otherwise)
    this.settleExit(this.ended ?? (this.wasKilled ? { kind: 'killed' } : crashed))
  }
}

/** The methods of a host that only pass something on to its member, whatever runs the member. */
export abstract class RemoteHost {
  protected abstract readonly remote: RemoteMember

  get exited(): Promise<ExitInfo> {
    return this.remote.exited
  }

  async open(config: ServerConfig): Promise<void> {
    await this.remote.open(config)
  }

  onEvent(listener: (event: StampedMemberEvent) => void): void {
    this.remote.onEvent(listener)
  }

  run(): void {
    this.remote.run()
  }

  status(timeoutMs: number): Promise<MemberStatus | null> {
    return this.remote.status(timeoutMs)
  }
}
