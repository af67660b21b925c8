/**
 * The quorum port of a leader: learners' connections, their packets, and the databases that are streamed to
 * them. A database is sent in slices, between which the event loop runs and the socket drains. Packets sent
 * meanwhile wait until the whole database has been sent. The core judges who a learner is and how long it may
 * be silent.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { LearnerId } from '../core/effects.ts'
import { DecodeError } from '../protocol/reader.ts'
import type { QuorumPacket } from '../protocol/records/quorum.ts'
import type { Database } from '../tree/database.ts'
import { writeDatabase } from '../tree/snapshotFormat.ts'
import { listen, remoteOf, stopListening } from './listen.ts'
import { Outbox } from './outbox.ts'
import { QuorumPacketEncoder, QuorumPacketParser, SNAPSHOT_SIGNATURE } from './quorumPackets.ts'

export interface LearnerListenerOptions {
  readonly host: string
  /** 0: a free port is taken. */
  readonly port: number
  /** The limit for the data of a learner's packet. */
  readonly maxDataBytes: number
  readonly onJoined: (learner: LearnerId, remote: { address: string; port: number }) => void
  readonly onPacket: (learner: LearnerId, packet: QuorumPacket) => void
  /** The last byte of `sendSnapshot` was handed to the socket. */
  readonly onSnapshotSent: (learner: LearnerId) => void
  /**
   * Called once for each learner that joined, whichever side closed the connection; never after `close()`.
   */
  readonly onLeft: (learner: LearnerId, reason: string) => void
  /** The learner does not speak the quorum protocol; `onLeft` follows. */
  readonly onRefused: (reason: string, remote: { address: string; port: number }) => void
}

/** The limit for the data of a caller's first packet, which says who the learner is (LearnerInfo). */
const FIRST_DATA_BYTES = 1024
const SLICE_BYTES = 256 * 1024
/**
 * No further slice is taken while this many bytes wait in the socket, so that the snapshot for a learner that
 * does not read is not held in memory.
 */
const SNAPSHOT_AHEAD = 1024 * 1024
/** A learner that leaves this much unread is of no use to its ensemble; its next connection starts afresh. */
const GIVE_UP_ABOVE = 256 * 1024 * 1024
/** How much all learners together may leave unread. Beyond it, those with the most are dropped. */
const GIVE_UP_ABOVE_TOGETHER = 2 * GIVE_UP_ABOVE

interface Learner {
  readonly id: LearnerId
  readonly socket: Socket
  readonly outbox: Outbox
  /** Packets that wait until a database has been sent; null while none is being sent. */
  waiting: Buffer[] | null
  waitingBytes: number
  reason: string
}

function unread({ outbox, waitingBytes }: Learner): number {
  return outbox.backlog + waitingBytes
}

export class LearnerListener {
  private readonly options: LearnerListenerOptions
  private readonly server: Server
  private readonly encoder = new QuorumPacketEncoder()
  private readonly learners = new Map<LearnerId, Learner>()
  private readonly unflushed = new Set<Learner>()
  private lastId: LearnerId = 0
  private opening: Promise<number> | null = null
  private isClosed = false

  constructor(options: LearnerListenerOptions) {
    this.options = options
    this.server = createServer((socket) => this.accept(socket))
  }

  /**
   * @returns the port
   * @throws the system's error with `code` (EADDRINUSE), `address` and `port`
   */
  open(): Promise<number> {
    this.opening = listen(this.server, this.options.host, this.options.port, -1)
    return this.opening
  }

  /** Queues a packet until `flush`, and until a database that is being sent has been sent. */
  send(learner: LearnerId, packet: QuorumPacket): void {
    const to = this.learners.get(learner)
    if (to === undefined) return
    const bytes = this.encoder.encode(packet)
    this.unflushed.add(to)
    if (to.waiting === null) to.outbox.push(bytes)
    else {
      to.waiting.push(bytes)
      to.waitingBytes += bytes.length
    }
  }

  flush(): void {
    let most = 0
    for (const learner of this.unflushed) {
      learner.outbox.flush()
      most = Math.max(most, unread(learner))
    }
    this.unflushed.clear()
    // Nearly always nothing is unread, and no learner needs to be checked.
    if (most > GIVE_UP_ABOVE_TOGETHER / this.learners.size) this.giveUpOn()
  }

  /**
   * Drops learners that leave too much unread, then those that leave the most, until the others may stay.
   */
  private giveUpOn(): void {
    const learners = [...this.learners.values()].filter(({ socket }) => !socket.destroyed)
    learners.sort((a, b) => unread(b) - unread(a))
    let together = learners.reduce((sum, learner) => sum + unread(learner), 0)
    for (const learner of learners) {
      const bytes = unread(learner)
      if (bytes <= GIVE_UP_ABOVE && together <= GIVE_UP_ABOVE_TOGETHER) return
      together -= bytes
      this.drop(learner, `it leaves ${bytes} bytes unread`)
    }
  }

  /**
   * Sends the database as it is at this call. A SNAP packet must have announced it, and what changes later
   * must be sent after it as transactions (see snapshotFormat.ts).
   */
  sendSnapshot(learner: LearnerId, database: Database): void {
    const to = this.learners.get(learner)
    if (to === undefined) return
    to.waiting = []
    to.waitingBytes = 0
    const slices = writeDatabase(database, SLICE_BYTES)
    // The first slice is taken now, because it fixes the database's sessions, ACLs and last zxid.
    this.sendSlice(to, slices, slices.next())
  }

  /** Closes a learner's connection at once. */
  closeLearner(learner: LearnerId, reason: string): void {
    const closing = this.learners.get(learner)
    if (closing !== undefined) this.drop(closing, reason)
  }

  /** Closes the port and every connection. Settles when the port is free. */
  close(): Promise<void> {
    this.isClosed = true
    for (const learner of this.learners.values()) learner.socket.destroy()
    return stopListening(this.server, this.opening)
  }

  private accept(socket: Socket): void {
    if (this.isClosed) {
      socket.destroy()
      return
    }
    this.lastId += 1
    const learner: Learner = {
      id: this.lastId,
      socket,
      outbox: new Outbox(socket),
      waiting: null,
      waitingBytes: 0,
      reason: 'the learner closed the connection',
    }
    this.learners.set(learner.id, learner)
    const remote = remoteOf(socket)
    const parser = new QuorumPacketParser({ maxDataBytes: FIRST_DATA_BYTES, readsSnapshots: false })
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.take(learner, parser, chunk, remote))
    socket.on('error', (error) => {
      learner.reason = `the connection broke: ${error.message}`
    })
    socket.on('close', () => this.left(learner))
    this.options.onJoined(learner.id, remote)
  }

  private take(
    learner: Learner,
    parser: QuorumPacketParser,
    chunk: Buffer,
    remote: { address: string; port: number },
  ): void {
    try {
      parser.push(chunk, (packet) => {
        parser.maxDataBytes = this.options.maxDataBytes
        if (this.learners.has(learner.id) && !this.isClosed) this.options.onPacket(learner.id, packet)
      })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.options.onRefused(error.message, remote)
      this.drop(learner, error.message)
    }
  }

  private sendSlice(
    learner: Learner,
    slices: Generator<Buffer, void, void>,
    slice: IteratorResult<Buffer, void>,
  ): void {
    if (!this.learners.has(learner.id)) return
    if (slice.done === true) {
      this.endSnapshot(learner)
      return
    }
    learner.outbox.push(slice.value)
    learner.outbox.flush()
    const proceed = () => this.sendSlice(learner, slices, slices.next())
    if (learner.socket.writableLength > SNAPSHOT_AHEAD) learner.socket.once('drain', proceed)
    else setImmediate(proceed)
  }

  private endSnapshot(learner: Learner): void {
    learner.outbox.push(SNAPSHOT_SIGNATURE)
    for (const bytes of learner.waiting ?? []) learner.outbox.push(bytes)
    learner.waiting = null
    learner.waitingBytes = 0
    learner.outbox.flush()
    if (!this.isClosed) this.options.onSnapshotSent(learner.id)
  }

  private drop(learner: Learner, reason: string): void {
    learner.reason = reason
    learner.socket.destroy()
  }

  private left(learner: Learner): void {
    this.learners.delete(learner.id)
    this.unflushed.delete(learner)
    if (!this.isClosed) this.options.onLeft(learner.id, learner.reason)
  }
}
