/**
 * The recording proxy: one listener for each ordered pair of members and each port, which passes everything
 * on, frame by frame. An election port listens exactly while the member's does, because a refused dial is
 * information for the dialler. A quorum port is dialled for as long as an elected leader may take to open it
 * on a busy machine, because Apache's learners give up after five dials, and when that happens is chance.
 * Ends and resets are passed on as such. The proxy changes nothing but the address in greetings. Frames can
 * be held back, so that a scene fixes an order that would be chance; a pair can be cut off from each other;
 * and frames can be changed, to play a member with a fault.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { type Address, encodeGreeting } from '../../../src/core/election/codec.ts'
import { addressKey, listening, type MemberId, nameOf, type PortKind } from './addresses.ts'
import { type Cutter, ElectionCutter, type Frame, QuorumCutter } from './frames.ts'
import type { Conversation, Recording, Said } from './recording.ts'

export interface Leg {
  readonly port: PortKind
  readonly from: MemberId
  readonly to: MemberId
  readonly listenOn: Address
  readonly target: Address
  /** The address that the target's member listens on for as long as it lives. */
  readonly lives: Address
}

/** Selects frames by sender, receiver and content. */
export type Matcher = (said: Pick<Said, 'from' | 'to' | 'content' | 'conversation'>) => boolean
/** Changes a frame before it is recorded. */
export type Fault = (said: Pick<Said, 'from' | 'to' | 'content' | 'conversation'>, frame: Frame) => Frame[]

export interface Hold {
  /** The frames that the hold matches, and all frames that wait after them. */
  readonly held: readonly Said[]
  release(): void
}

const MIRROR_MS = 5
/** How long an elected leader may take to open its quorum port. */
const PATIENCE_MS = 3000

export class RecordingProxy {
  readonly recording: Recording
  private readonly legs: readonly Leg[]
  private readonly servers = new Map<Leg, Server>()
  private readonly lines = new Set<Line>()
  private readonly holds = new Set<{ matches: Matcher; held: Said[] }>()
  private readonly cuts = new Set<string>()
  /** Members that are alive; their ports may not be open yet. */
  private readonly alive = new Set<MemberId>()
  private timer: NodeJS.Timeout | null = null
  fault: Fault | null = null
  /**
   * Selects frames that are recorded but not passed on: a last message that is repeated with a connection,
   * and may decide a vote by chance.
   */
  isEcho: Matcher = () => false

  constructor(legs: readonly Leg[], recording: Recording) {
    this.legs = legs
    this.recording = recording
  }

  /** The member was started, and can be dialled once its election port is open. */
  started(id: MemberId): void {
    this.alive.add(id)
    this.mirror()
  }

  /** The member has ended. */
  ended(id: MemberId): void {
    this.alive.delete(id)
    for (const leg of this.legs) if (leg.to === id) void this.deafen(leg)
  }

  /** From the first frame that matches, everything in its direction waits. */
  hold(matches: Matcher): Hold {
    const hold = { matches, held: [] as Said[] }
    this.holds.add(hold)
    return {
      held: hold.held,
      release: () => {
        this.holds.delete(hold)
        for (const line of this.lines) line.proceed()
      },
    }
  }

  isHeld(said: Said): boolean {
    for (const { matches, held } of this.holds) {
      if (!matches(said)) continue
      held.push(said)
      return true
    }
    return false
  }

  /**
   * Breaks every connection between the two, together with what is held on them, and refuses new ones until
   * `heal`.
   */
  cut(one: MemberId, other: MemberId): void {
    this.cuts.add(pairKey(one, other))
    this.mirror()
    for (const line of [...this.lines]) {
      if (pairKey(line.leg.from, line.leg.to) === pairKey(one, other)) line.breakOff()
    }
  }

  heal(one: MemberId, other: MemberId): void {
    this.cuts.delete(pairKey(one, other))
    this.mirror()
  }

  async close(): Promise<void> {
    this.alive.clear()
    if (this.timer !== null) clearTimeout(this.timer)
    for (const line of [...this.lines]) line.breakOff()
    await Promise.all([...this.servers.keys()].map((leg) => this.deafen(leg)))
  }

  /** Whether no quorum packet is held back. */
  get isIdle(): boolean {
    return [...this.lines].every((line) => line.leg.port === 'election' || line.isIdle)
  }

  /** Polls until every port that should be open is open. */
  private mirror(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const isMeant = ({ from, to }: Leg) => this.alive.has(to) && !this.cuts.has(pairKey(from, to))
    for (const leg of this.servers.keys()) if (!isMeant(leg)) void this.deafen(leg)
    const missing = this.legs.filter((leg) => isMeant(leg) && !this.servers.has(leg))
    if (missing.length === 0) return
    const there = listening()
    for (const leg of missing) if (there.has(addressKey(leg.lives))) this.listen(leg)
    if (missing.some((leg) => !this.servers.has(leg))) this.timer = setTimeout(() => this.mirror(), MIRROR_MS)
  }

  private listen(leg: Leg): void {
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true }
    const server = createServer(options, (socket) => {
      const line = new Line(this, leg, socket)
      this.lines.add(line)
      line.onEnd = () => this.lines.delete(line)
    })
    this.servers.set(leg, server)
    // The port is claimed, and the address is used only by this proxy, so an error here must not stay hidden.
    server.on('error', (error) => {
      throw error
    })
    server.listen({ ...leg.listenOn, exclusive: true })
  }

  private deafen(leg: Leg): Promise<void> {
    const server = this.servers.get(leg)
    this.servers.delete(leg)
    return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
  }
}

const pairKey = (one: MemberId, other: MemberId) => `${Math.min(one, other)} ${Math.max(one, other)}`

/** One connection: the socket that was accepted, and the one to the intended member. */
class Line {
  readonly leg: Leg
  onEnd: () => void = () => {}
  private readonly proxy: RecordingProxy
  private dialled: Socket
  private readonly accepted: Socket
  private conversation: Conversation | null = null
  private directions: Direction[] = []
  private hasHungUp = false
  private isBroken = false

  constructor(proxy: RecordingProxy, leg: Leg, accepted: Socket) {
    this.proxy = proxy
    this.leg = leg
    this.accepted = accepted
    accepted.on('error', () => {})
    const patienceMs = leg.port === 'quorum' ? PATIENCE_MS : 0
    this.dialled = this.dial(performance.now() + patienceMs)
  }

  private dial(untilMs: number): Socket {
    const socket = connect({ ...this.leg.target, allowHalfOpen: true, noDelay: true })
    socket.once('connect', () => this.open())
    socket.once('error', () => {
      if (this.conversation !== null || this.isBroken) return
      // The connection is over before it began: no member was reached.
      if (performance.now() > untilMs) this.breakOff()
      else setTimeout(() => this.dialAgain(untilMs), MIRROR_MS)
    })
    return socket
  }

  private dialAgain(untilMs: number): void {
    if (!this.isBroken) this.dialled = this.dial(untilMs)
  }

  get isIdle(): boolean {
    return this.directions.every(({ isIdle }) => isIdle)
  }

  proceed(): void {
    for (const direction of this.directions) direction.proceed()
  }

  breakOff(): void {
    if (this.conversation !== null && !this.hasHungUp) this.proxy.recording.cutOff(this.conversation)
    this.hasHungUp = true
    this.isBroken = true
    for (const direction of this.directions) direction.lose()
    this.accepted.resetAndDestroy()
    this.dialled.resetAndDestroy()
    this.onEnd()
  }

  private open(): void {
    if (this.isBroken) return
    const { leg, proxy } = this
    const conversation = proxy.recording.conversation(leg.port, leg.from, leg.to)
    this.conversation = conversation
    const isElection = leg.port === 'election'
    const there = isElection ? new ElectionCutter(true) : new QuorumCutter(false)
    const back = isElection ? new ElectionCutter(false) : new QuorumCutter(true)
    const over = (from: MemberId) => {
      // The side that ends first has hung up; the other side only follows.
      if (!this.hasHungUp) proxy.recording.hungUp(conversation, from)
      this.hasHungUp = true
    }
    this.directions = [
      new Direction(proxy, conversation, leg.from, there, this.accepted, this.dialled, over),
      new Direction(proxy, conversation, leg.to, back, this.dialled, this.accepted, over),
    ]
    let closed = 0
    for (const socket of [this.accepted, this.dialled]) {
      socket.once('close', () => {
        closed += 1
        if (closed === 2) this.onEnd()
      })
    }
    this.accepted.resume()
  }
}

/**
 * A member that is greeted by a smaller id dials back to the address in the greeting, and Apache's greetings
 * contain the number that its own name resolves to. This is the one place where members would learn an
 * address that bypasses the proxy, so they get the name instead.
 */
function rerouted({ content, raw }: Frame): Buffer {
  if (content.kind !== 'greeting') return raw
  const { sid, addresses } = content.greeting
  const [first] = addresses
  return first === undefined ? raw : encodeGreeting(sid, { host: nameOf(sid), port: first.port })
}

/** What one of the two members says. */
class Direction {
  private readonly proxy: RecordingProxy
  private readonly conversation: Conversation
  private readonly from: MemberId
  private readonly cutter: Cutter
  private readonly target: Socket
  private queue: { said: Said; raw: Buffer }[] = []
  private isHolding = false
  private isEnded: 'open' | 'ended' | 'reset' = 'open'

  constructor(
    proxy: RecordingProxy,
    conversation: Conversation,
    from: MemberId,
    cutter: Cutter,
    source: Socket,
    target: Socket,
    over: (from: MemberId) => void,
  ) {
    this.proxy = proxy
    this.conversation = conversation
    this.from = from
    this.cutter = cutter
    this.target = target
    source.on('data', (chunk: Buffer) => this.receive(chunk))
    source.once('end', () => {
      over(from)
      this.ended('ended')
    })
    source.on('error', () => {
      over(from)
      this.ended('reset')
    })
    source.once('close', () => {
      over(from)
      this.ended('ended')
    })
  }

  get isIdle(): boolean {
    return this.queue.length === 0
  }

  private receive(chunk: Buffer): void {
    for (const cut of this.cutter.push(chunk)) {
      for (const frame of this.faulty(cut)) {
        const said = this.proxy.recording.frame(this.conversation, this.from, frame)
        if (this.proxy.isEcho(said)) {
          said.arrives = false
          continue
        }
        this.take({ said, raw: rerouted(frame) })
      }
    }
    this.finish()
  }

  private take(item: { said: Said; raw: Buffer }): void {
    this.isHolding ||= this.proxy.isHeld(item.said)
    if (this.isHolding) this.queue.push(item)
    else this.pass(item.raw)
  }

  private faulty(frame: Frame): Frame[] {
    const { proxy, conversation, from } = this
    const to = from === conversation.dialler ? conversation.acceptor : conversation.dialler
    const { content } = frame
    return proxy.fault === null ? [frame] : proxy.fault({ conversation, from, to, content }, frame)
  }

  /** A hold has ended; another one may apply to what waits. */
  proceed(): void {
    if (!this.isHolding) return
    const waiting = this.queue
    this.queue = []
    this.isHolding = false
    for (const item of waiting) this.take(item)
    this.finish()
  }

  lose(): void {
    for (const { said } of this.queue) said.arrives = false
    this.queue = []
  }

  private pass(raw: Buffer): void {
    if (this.target.writable) this.target.write(raw)
  }

  private ended(how: 'ended' | 'reset'): void {
    if (this.isEnded !== 'open') return
    this.isEnded = how
    this.finish()
  }

  private finish(): void {
    if (this.queue.length > 0 || this.isEnded === 'open') return
    if (this.isEnded === 'reset') this.target.resetAndDestroy()
    else if (this.target.writable) this.target.end()
  }
}
