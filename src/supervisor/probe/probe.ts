/**
 * The write probe: one small client for each member, on a raw socket, which keeps requesting a write and
 * notes when it was acknowledged. It measures from outside how long nothing could be written around a fault.
 *
 * The write deletes a znode that does not exist. Its refusal (NoNode, -101) comes only after an error
 * transaction was logged by a quorum and committed (PrepRequestProcessor.pRequest, SyncRequestProcessor), so
 * it proves what a successful write proves, and changes no data. Members that demand authentication
 * (enforce.auth.enabled) refuse the probe's writes: there the refusal of a session that was just confirmed
 * counts, which needs an established leader and so a quorum that follows it, but no transaction. Each client
 * has one session, which it closes at the end, through another member if necessary; supervisors leave these
 * sessions out of their counts.
 */
import { connect, type Socket } from 'node:net'
import { ErrorCode } from '../../protocol/errors.ts'
import { formatSessionId } from '../../protocol/ids.ts'
import { clearInterval, clearTimeout, performance, setInterval, setTimeout } from '../../time.ts'
import {
  CLOSE_FRAME,
  CLOSE_XID,
  connectFrame,
  DELETE_FRAME,
  readConnectResponse,
  readFrames,
  readReplyHeader,
  type Session,
} from './probeFrames.ts'

interface ProbeTarget {
  member: number
  host: string
  port: number
  /** Used instead of a plain connection where the port speaks TLS. */
  dial?: (address: { host: string; port: number }) => Socket
}

/**
 * Between an acknowledgement and the next write, unless told otherwise: the resolution of what is measured,
 * ms.
 */
const PACE_MS = 2
const RETRY_MS = 5
/** How often this process notes that it was awake, ms. */
const LOOK_EVERY_MS = 5
/** A gap without a change of leader counts as noise up to this length, ms: a busy disk takes as long. */
const NOTICEABLE_MS = 250
/** How long closing a session may take, ms. */
const CLOSE_MS = 1000

/** Times are ms since 1970 with fractions. */
export class WriteProbe {
  private readonly lanes: Lane[]
  private readonly waiters = new Set<() => void>()
  private readonly watch: NodeJS.Timeout
  private lastLookAt = preciseNow()
  /** How long this process did not look, since the last acknowledgement, ms. */
  private unseenMs = 0
  private lastAck: number | null = null
  private faultAt: number | null = null
  private longestMs: number | null = null
  private silentMs = 0
  private silentBeforeMs = 0
  private readonly onSession: (id: string) => void
  /**
   * Called with each connection, by its member and the port of this end; returns a function that is called
   * when it ends.
   */
  onConnection: (member: number, port: number) => () => void = () => () => {}
  readonly paceMs: number

  /** @param onSession called with each session of the probe, named as in events: `0x…` */
  constructor(targets: readonly ProbeTarget[], onSession: (id: string) => void, paceMs = PACE_MS) {
    this.onSession = onSession
    this.paceMs = paceMs
    this.lanes = targets.map((target) => new Lane(target, this))
    this.watch = setInterval(() => this.look(preciseNow()), LOOK_EVERY_MS)
    this.watch.unref()
  }

  /**
   * Gaps count from now on. `lastServedAt` is when a write could last be acknowledged; it is used where none
   * was acknowledged to this probe before. With neither, the gap is unknown.
   */
  markFault(at: number, lastServedAt: number | null = null): void {
    this.lastAck ??= lastServedAt
    if (this.lastAck !== null) this.faultAt = at
  }

  /**
   * The longest of the gaps that reach into the time after the fault, ms; null when nothing was acknowledged
   * on one side.
   */
  get gapMs(): number | null {
    return this.longestMs
  }

  /**
   * Whether one of those gaps is longer than what occurs without a fault: the pace of the writes, a busy disk
   * or processor, pauses of this process.
   */
  get standsOut(): boolean {
    return this.silentMs > Math.max(NOTICEABLE_MS, 3 * this.silentBeforeMs)
  }

  /** When a write was acknowledged last. */
  get lastAckAt(): number | null {
    return this.lastAck
  }

  /** Whether a write sent after `since` was acknowledged, through that member if one is named. */
  hasWritten(since: number, member?: number): boolean {
    return this.lanes.some(
      (lane) => lane.lastAckedSend > since && (member === undefined || lane.target.member === member),
    )
  }

  /**
   * How far the history reached when a write sent after `since` was acknowledged: everything that was
   * acknowledged before `since` is at or below it. Null while none is; 0 from members that demand
   * authentication, where nothing is written.
   */
  zxidAfter(since: number): number | null {
    const lanes = this.lanes.filter(({ lastAckedSend }) => lastAckedSend > since)
    return lanes.length === 0 ? null : Math.max(...lanes.map(({ lastZxid }) => lastZxid))
  }

  /** Calls back with each acknowledgement. @returns a function that ends this */
  onAck(listener: () => void): () => void {
    this.waiters.add(listener)
    return () => this.waiters.delete(listener)
  }

  /**
   * Ends the writing at once. Sessions whose members are gone, and `more` of them, are closed through the
   * member that answered last. @returns those that could not be closed
   */
  async close(more: readonly Session[] = []): Promise<Session[]> {
    clearInterval(this.watch)
    const own = await Promise.all(this.lanes.map((lane) => lane.end()))
    const open = [...more, ...own.filter((session) => session !== null)]
    const [way] = this.lanes
      .filter(({ lastAckedSend }) => lastAckedSend > 0)
      .sort((a, b) => b.lastAckedSend - a.lastAckedSend)
    const closed = await Promise.all(
      open.map((session) => closeSession(session, way?.target, this.onConnection)),
    )
    return open.filter((_, i) => closed[i] === false)
  }

  acknowledged(at: number): void {
    const { lastAck, faultAt } = this
    this.look(at)
    if (lastAck !== null) {
      const silentMs = at - lastAck - this.unseenMs
      if (faultAt === null) this.silentBeforeMs = Math.max(this.silentBeforeMs, silentMs)
      else if (at > faultAt) {
        this.longestMs = Math.max(this.longestMs ?? 0, at - lastAck)
        this.silentMs = Math.max(this.silentMs, silentMs)
      }
    }
    this.lastAck = at
    this.unseenMs = 0
    for (const waiter of [...this.waiters]) waiter()
  }

  /** Time in which this process was busy or not scheduled does not count as silence of the ensemble. */
  private look(at: number): void {
    this.unseenMs += Math.max(0, at - this.lastLookAt - 2 * LOOK_EVERY_MS)
    this.lastLookAt = at
  }

  opened(session: Session): void {
    this.onSession(formatSessionId(session.id))
  }
}

export function preciseNow(): number {
  return performance.timeOrigin + performance.now()
}

function dialled({ host, port, dial = connect }: ProbeTarget): Socket {
  return dial({ host, port }).setNoDelay()
}

/** The client of one member: connects, writes, and starts over whenever the connection ends. */
class Lane {
  readonly target: ProbeTarget
  /** When the newest acknowledged write was sent. */
  lastAckedSend = 0
  /** The zxid of its reply. */
  lastZxid = 0
  private readonly probe: WriteProbe
  private session: Session | null = null
  private socket: Socket | null = null
  private timer: NodeJS.Timeout | null = null
  private sentAt = 0
  private hasEnded = false
  /** Whether its session is closed. */
  private isClosed = false

  constructor(target: ProbeTarget, probe: WriteProbe) {
    this.target = target
    this.probe = probe
    this.connect()
  }

  /** @returns the session that is left open, if any */
  end(): Promise<Session | null> {
    this.hasEnded = true
    if (this.timer !== null) clearTimeout(this.timer)
    const { socket } = this
    if (socket === null) return Promise.resolve(this.session)
    return new Promise((resolve) => {
      // A member that is paused never answers.
      const overdue = setTimeout(() => socket.destroy(), CLOSE_MS)
      overdue.unref()
      socket.once('close', () => {
        clearTimeout(overdue)
        resolve(this.isClosed ? null : this.session)
      })
      // A requested session is closed once it exists, so that none is left. The member closes the connection.
      if (this.session !== null) socket.write(CLOSE_FRAME)
      else if (socket.connecting) socket.destroy()
    })
  }

  private connect(): void {
    const socket = dialled(this.target)
    let isOpen = false
    let hasEnded = () => {}
    readFrames(socket, (frame) => {
      if (isOpen) this.reply(frame)
      else isOpen = this.connected(frame)
    })
    this.socket = socket
    socket.on('connect', () => {
      // Reported before anything is sent, so that the session's events are recognised from the first one on.
      hasEnded = this.probe.onConnection(this.target.member, socket.localPort ?? 0)
      socket.write(connectFrame(this.session))
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      hasEnded()
      if (this.socket === socket) this.socket = null
      this.later(() => this.connect(), RETRY_MS)
    })
  }

  private connected(frame: Buffer): boolean {
    const { session, timeoutMs } = readConnectResponse(frame)
    if (timeoutMs <= 0) {
      this.session = null
      this.socket?.destroy()
      return false
    }
    if (this.session?.id !== session.id) this.probe.opened(session)
    this.session = session
    if (!this.hasEnded) this.write()
    else if (this.socket?.writable) this.socket.write(CLOSE_FRAME)
    return true
  }

  private write(): void {
    this.sentAt = preciseNow()
    this.socket?.write(DELETE_FRAME)
  }

  private reply(frame: Buffer): void {
    const { xid, zxid, err: error } = readReplyHeader(frame)
    if (xid === CLOSE_XID) this.isClosed = true
    if (this.hasEnded) return
    if (
      error === ErrorCode.NoNode ||
      error === ErrorCode.Ok ||
      error === ErrorCode.SessionClosedRequireSaslAuth
    ) {
      this.lastAckedSend = this.sentAt
      this.lastZxid = zxid
      this.probe.acknowledged(preciseNow())
    }
    if (error === ErrorCode.NoNode || error === ErrorCode.Ok)
      this.later(() => this.write(), this.probe.paceMs)
    // The write was refused, or the session has moved or ended; a new connection finds out.
    else this.socket?.destroy()
  }

  private later(action: () => void, ms: number): void {
    if (this.hasEnded) return
    this.timer = setTimeout(action, ms)
  }
}

/**
 * Closes a session through a member that serves, as its client would after its own member was gone.
 * @returns whether it was closed
 */
function closeSession(
  session: Session,
  target: ProbeTarget | undefined,
  onConnection: WriteProbe['onConnection'],
): Promise<boolean> {
  if (target === undefined) return Promise.resolve(false)
  return new Promise((resolve) => {
    let answers = 0
    let hasEnded = () => {}
    const socket = dialled(target)
    readFrames(socket, () => {
      answers += 1
      if (answers === 1) socket.write(CLOSE_FRAME)
    })
    const overdue = setTimeout(() => socket.destroy(), CLOSE_MS)
    overdue.unref()
    socket.unref()
    socket.on('connect', () => {
      hasEnded = onConnection(target.member, socket.localPort ?? 0)
      socket.write(connectFrame(session))
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      hasEnded()
      clearTimeout(overdue)
      // A session that is gone already is refused, and the connection closed; one that is alive is confirmed,
      // and then closed.
      resolve(answers > 0)
    })
  })
}
