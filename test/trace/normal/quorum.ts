/**
 * One conversation of the quorum port as lines. It keeps every packet except PING, in the exact order of its
 * direction.
 *
 * The interleaving of the two directions is chance (a COMMIT may overtake the ACK of one of three), so it is
 * normalized: what a learner says follows directly after what it answers (ANSWERS), and what it says unasked
 * (REQUEST, REVALIDATE) after everything that it had received by then. The recording is used to check that
 * the cause came first, in both directions; a line that came too early is marked with a `!`.
 *
 * PINGs are left out, because they depend on the clock. They are checked all the same: the zxids of a
 * leader's PINGs never fall, and a learner's answer repeats one that it was sent. Scenes about PINGs show the
 * last one (see trace.ts).
 *
 * When a scene has more than a hundred transactions, the PROPOSALs, ACKs and COMMITs of each direction are
 * counted, in order: how far a leader is ahead with one of them is chance.
 *
 * Apache's learner acknowledges the proposals of its sync from another thread than NEWLEADER
 * (SendAckRequestProcessor). Whether those acknowledgements come before or after that of NEWLEADER is chance,
 * so they are put after it, for Apache's learners alone.
 */
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { DecodeError } from '../../../src/protocol/reader.ts'
import { counterOf } from '../../../src/protocol/zxid.ts'
import type { MemberId } from '../recording/addresses.ts'
import type { Said } from '../recording/recording.ts'
import type { Line } from './line.ts'
import type { Names } from './names.ts'
import { type PacketContent, packetText, touchedIn, typeName } from './packets.ts'

export interface QuorumContext {
  readonly names: Names
  readonly isApache: (id: MemberId) => boolean
}

/** What one side said, with its position in the recording. */
interface Turn {
  readonly at: number
  readonly said: Said
}

export interface PingView {
  readonly scene: number
  readonly learner: MemberId
  readonly leader: MemberId
  readonly zxid: number
  readonly touched: readonly string[]
}

export interface ConversationView {
  readonly lines: readonly Line[]
  readonly pings: readonly PingView[]
}

const MANY = 100
const { ack, ackEpoch, commit, diff, followerInfo, leaderInfo, newLeader, observerInfo, ping } = PacketType
const { proposal, request, revalidate, snap, sync, trunc, upToDate } = PacketType

export function quorumLines(all: readonly Turn[], block: string, context: QuorumContext): ConversationView {
  const leader = all[0]?.said.conversation.acceptor
  const isEnd = ({ said: { content } }: Turn) => content.kind === 'hung up' || content.kind === 'cut off'
  const turns = all.filter((turn) => !isEnd(turn))
  const isPing = ({ said }: Turn) => packetOf(said)?.type === ping
  const many = manyOf(turns)
  const isMany = ({ said }: Turn) => many.some(({ said: one }) => one === said)
  const single = turns.filter((turn) => !isPing(turn) && !isMany(turn))
  const leaders = single.filter((turn) => turn.said.from === leader)
  const learners = single.filter((turn) => turn.said.from !== leader)
  if (leader !== undefined && context.isApache(learners[0]?.said.from ?? leader))
    settleRace(learners, leaders)
  const write = new Writer(block, leaders, learners, context)
  const lines = write.merged()
  const pings = pingViews(turns.filter(isPing), leader, context.names)
  const end = all.find(isEnd)?.said
  const over = end === undefined ? [] : [{ scene: end.scene, block, ...endOf(end) }]
  return {
    lines: [
      ...lines,
      ...countedLines(many, block),
      ...pings.complaints.map((text) => complaint(all, block, text)),
      ...over,
    ],
    pings: pings.views,
  }
}

/** The packets about transactions in a scene that has too many of them to show one by one. */
function manyOf(turns: readonly Turn[]): Turn[] {
  const told = turns.filter(({ said }) => {
    const packet = packetOf(said)
    return (
      packet !== null &&
      [proposal, ack, commit].includes(packet.type as 2 | 3 | 4) &&
      counterOf(packet.zxid) > 0
    )
  })
  const proposals = told.filter(({ said }) => packetOf(said)?.type === proposal)
  const scenes = [...new Set(proposals.map(({ said }) => said.scene))]
  const full = scenes.filter((scene) => proposals.filter(({ said }) => said.scene === scene).length > MANY)
  return told.filter(({ said }) => full.includes(said.scene))
}

function countedLines(many: readonly Turn[], block: string): Line[] {
  const groups = new Map<string, Said[]>()
  for (const { said } of many) {
    const key = `${said.from} > ${said.to} ${typeName(packetOf(said)?.type ?? 0)}`
    groups.set(key, [...(groups.get(key) ?? []), said])
  }
  return [...groups].sort().map(([key, all]): Line => {
    const zxids = all.map((said) => packetOf(said)?.zxid ?? 0)
    const isInOrder = zxids.every((zxid, index) => index === 0 || zxid === (zxids[index - 1] ?? 0) + 1)
    const range = `0x${zxids[0]?.toString(16)} to 0x${zxids.at(-1)?.toString(16)}`
    const text = `${key} ${range}, ${all.length} in all${isInOrder ? '' : ' ! not in order'}`
    return { scene: all[0]?.scene ?? 0, block, from: all[0]?.from ?? null, text }
  })
}

function endOf({ content, from }: Said): Pick<Line, 'from' | 'text'> {
  return content.kind === 'cut off' ? { from: null, text: 'cut off' } : { from, text: `${from} hangs up` }
}

function complaint(all: readonly Turn[], block: string, text: string): Line {
  return { scene: all.at(-1)?.said.scene ?? 0, block, from: null, text }
}

export function packetOf({ content }: Said): PacketContent['packet'] | null {
  return content.kind === 'packet' ? content.packet : null
}

function settleRace(learners: Turn[], leaders: readonly Turn[]): void {
  const isNewLeaders = (turn: Turn) => isAckOfEpoch(turn.said)
  const offered = leaders.findIndex(({ said }) => packetOf(said)?.type === newLeader)
  const synced = new Set(
    leaders
      .slice(0, Math.max(0, offered))
      .map(({ said }) => packetOf(said))
      .filter((packet) => packet?.type === proposal)
      .map((packet) => packet?.zxid),
  )
  const isRacing = ({ said }: Turn) => {
    const packet = packetOf(said)
    return packet?.type === ack && synced.has(packet.zxid)
  }
  const racing = learners.filter(isRacing)
  const others = learners.filter((turn) => !isRacing(turn))
  const at = others.findIndex(isNewLeaders) + 1
  learners.splice(0, learners.length, ...others.slice(0, at), ...racing, ...others.slice(at))
}

function isAckOfEpoch(said: Said): boolean {
  const packet = packetOf(said)
  return packet?.type === ack && counterOf(packet.zxid) === 0
}

/** The packets that a leader sends only after the learner has sent one of these. */
const LEADERS_NEED = new Map<number, readonly number[]>([
  [leaderInfo, [followerInfo, observerInfo]],
  [diff, [ackEpoch]],
  [trunc, [ackEpoch]],
  [snap, [ackEpoch]],
  [upToDate, [ack]],
  [sync, [request]],
])

class Writer {
  private readonly block: string
  private readonly leaders: readonly Turn[]
  private readonly learners: readonly Turn[]
  private readonly context: QuorumContext
  private readonly lines: Line[] = []
  private next = 0

  constructor(block: string, leaders: readonly Turn[], learners: readonly Turn[], context: QuorumContext) {
    this.block = block
    this.leaders = leaders
    this.learners = learners
    this.context = context
  }

  merged(): readonly Line[] {
    this.answers(0)
    this.leaders.forEach((turn, index) => {
      this.add(turn, true, this.isTooEarly(turn) ? ' ! before what it answers' : '')
      this.answers(index + 1)
    })
    for (; this.next < this.learners.length; this.next++) {
      this.add(this.learners[this.next] as Turn, false, ' ! without a cause')
    }
    return this.lines
  }

  /** Adds the learner's next packets whose cause is among the leader's first `count` packets. */
  private answers(count: number): void {
    for (; this.next < this.learners.length; this.next++) {
      const turn = this.learners[this.next] as Turn
      const cause = this.causeOf(turn, this.next)
      if (cause === null || cause >= count) return
      const isEarly = cause >= 0 && (this.leaders[cause] as Turn).at > turn.at
      this.add(turn, false, isEarly ? ' ! before what it answers' : '')
    }
  }

  /** Index of the leader's packet that is answered; -1 when none is, null when it is missing. */
  private causeOf({ at, said }: Turn, index: number): number | null {
    const packet = packetOf(said)
    const first = (matches: (type: number, zxid: number) => boolean) => {
      const found = this.leaders.findIndex((turn) => {
        const told = packetOf(turn.said)
        return told !== null && matches(told.type, told.zxid)
      })
      return found < 0 ? null : found
    }
    switch (packet?.type) {
      case followerInfo:
      case observerInfo:
        return -1
      case ackEpoch:
        return first((type) => type === leaderInfo)
      case ack: {
        if (counterOf(packet.zxid) !== 0)
          return first((type, zxid) => type === proposal && zxid === packet.zxid)
        const isSecond = this.learners.slice(0, index).some((turn) => isAckOfEpoch(turn.said))
        return first((type) => type === (isSecond ? upToDate : newLeader))
      }
      default:
        return this.leaders.filter((turn) => turn.at < at).length - 1
    }
  }

  private isTooEarly({ at, said }: Turn): boolean {
    const packet = packetOf(said)
    const isAnswer = packet?.type === revalidate
    const needed = isAnswer ? [revalidate] : LEADERS_NEED.get(packet?.type ?? 0)
    if (needed === undefined) return false
    return !this.learners.some((turn) => turn.at < at && needed.includes(packetOf(turn.said)?.type ?? 0))
  }

  private add({ said }: Turn, isLeaders: boolean, remark: string): void {
    const lost = said.arrives ? '' : ' (lost)'
    const text = `${said.from} > ${said.to} ${contentText(said, isLeaders, this.context.names)}${lost}${remark}`
    this.lines.push({ scene: said.scene, block: this.block, from: said.from, text })
  }
}

function contentText({ content, raw }: Said, isLeaders: boolean, names: Names): string {
  switch (content.kind) {
    case 'packet':
      try {
        return packetText(content, names, isLeaders)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        return `${typeName(content.packet.type)} ! ${error.message}: ${raw.toString('hex')}`
      }
    case 'undecodable':
      return `! ${content.problem}: ${raw.toString('hex')}`
    default:
      return content.kind
  }
}

function pingViews(
  turns: readonly Turn[],
  leader: MemberId | undefined,
  names: Names,
): { views: PingView[]; complaints: string[] } {
  const views: PingView[] = []
  const complaints: string[] = []
  const sent = new Set<number>()
  let last = 0
  for (const { said } of turns) {
    const packet = packetOf(said)
    if (packet === null) continue
    const { zxid } = packet
    if (said.from === leader) {
      if (zxid < last) complaints.push(`! ${leader} pings with a zxid that falls`)
      if (packet.data !== null) complaints.push(`! ${leader} pings with data`)
      last = zxid
      sent.add(zxid)
      continue
    }
    if (!sent.has(zxid)) complaints.push(`! ${said.from} answers a PING that was not sent`)
    if (packet.data === null) complaints.push(`! ${said.from} answers a PING with null`)
    views.push({
      scene: said.scene,
      learner: said.from,
      leader: said.to,
      zxid,
      touched: touchedIn(packet, names),
    })
  }
  return { views, complaints: [...new Set(complaints)] }
}
