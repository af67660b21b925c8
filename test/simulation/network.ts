/**
 * The network between members: ordered streams that delay, stall and break, as TCP does, but never lose or
 * reorder bytes within one stream. A partition stalls what is open and refuses what is new.
 */
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

/** One end's view of a stream. */
export interface End {
  readonly member: number
  onMessage: (message: unknown) => void
  onClosed: (reason: string) => void
}

export class Stream {
  readonly ends: readonly [End, End]
  isOpen = true
  private readonly network: Network
  private readonly clearAtMs: [number, number] = [0, 0]
  /** Sent, not yet delivered, per direction; each planned delivery takes the oldest. */
  private readonly underway: readonly [unknown[], unknown[]] = [[], []]

  constructor(network: Network, ends: readonly [End, End]) {
    this.network = network
    this.ends = ends
  }

  send(from: End, message: unknown): void {
    if (!this.isOpen) return
    const to = this.ends[0] === from ? 1 : 0
    this.underway[to].push(message)
    this.planDelivery(to)
  }

  get isStalled(): boolean {
    return !this.network.reaches(this.ends[0].member, this.ends[1].member)
  }

  private planDelivery(to: 0 | 1): void {
    const { schedule } = this.network
    const atMs = Math.max(this.clearAtMs[to], schedule.nowMs + this.network.delayMs())
    this.clearAtMs[to] = atMs
    schedule.at(atMs, () => {
      const [receiver, sender] = [this.ends[to], this.ends[to === 0 ? 1 : 0]]
      if (!this.isOpen || !this.network.passes(sender.member, receiver.member)) return
      if (this.underway[to].length === 0) return
      this.ends[to].onMessage(this.underway[to].shift())
    })
  }

  /** The partition is over: what was held back goes on its way, in order. */
  resume(): void {
    if (!this.isOpen || this.isStalled) return
    for (const to of [0, 1] as const) {
      for (let i = 0; i < this.underway[to].length; i++) this.planDelivery(to)
    }
  }

  /** Closed by one end, or (null) broken: the other end, or both, hear of it after a while. */
  close(by: End | null, reason: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.network.forget(this)
    for (const end of this.ends) {
      if (end !== by) this.network.schedule.after(this.network.delayMs(), () => end.onClosed(reason))
    }
  }
}

export class Network {
  readonly schedule: Schedule
  private readonly random: Random
  private readonly maxDelayMs: number
  private readonly streams = new Set<Stream>()
  /** Members with the same number reach each other. */
  private sides: readonly number[] = []
  /** `from>to`: what is sent that way waits. */
  private held: ReadonlySet<string> = new Set()

  constructor(schedule: Schedule, random: Random, maxDelayMs: number) {
    this.schedule = schedule
    this.random = random
    this.maxDelayMs = maxDelayMs
  }

  delayMs(): number {
    // Mostly quick, now and then as slow as this world allows.
    return this.random.chance(0.9) ? this.random.next() * 2 : this.random.next() * this.maxDelayMs
  }

  reaches(a: number, b: number): boolean {
    // Clients have negative numbers and stand outside every partition.
    return a < 0 || b < 0 || (this.sides[a] ?? 0) === (this.sides[b] ?? 0)
  }

  /** Whether a message from the one arrives at the other: a line may be dumb in one direction. */
  passes(from: number, to: number): boolean {
    return this.reaches(from, to) && !this.held.has(`${from}>${to}`)
  }

  /** What goes these ways waits from now on, and nothing else does. */
  hold(ways: Iterable<readonly [from: number, to: number]>): void {
    this.held = new Set([...ways].map(([from, to]) => `${from}>${to}`))
    for (const stream of this.streams) stream.resume()
  }

  open(a: End, b: End): Stream {
    const stream = new Stream(this, [a, b])
    this.streams.add(stream)
    return stream
  }

  forget(stream: Stream): void {
    this.streams.delete(stream)
  }

  /** `sides[member]`; streams across the cut stall, some break at once. */
  partition(sides: readonly number[]): void {
    this.sides = sides
    for (const stream of [...this.streams]) {
      if (stream.isStalled && this.random.chance(0.5)) stream.close(null, 'connection reset')
    }
  }

  heal(): void {
    this.sides = []
    this.held = new Set()
    for (const stream of this.streams) stream.resume()
  }

  breakSome(probability: number): void {
    for (const stream of [...this.streams]) {
      if (this.random.chance(probability)) stream.close(null, 'connection reset')
    }
  }

  /** Between a member and the others; both ends hear of it. */
  breakAllOf(member: number): void {
    for (const stream of [...this.streams])
      if (stream.ends.some((end) => end.member === member)) stream.close(null, 'connection reset')
  }

  /** A member died: its streams end. */
  closeAllOf(member: number, reason: string): void {
    for (const stream of [...this.streams]) {
      const own = stream.ends.find((end) => end.member === member)
      if (own !== undefined) stream.close(own, reason)
    }
  }
}
