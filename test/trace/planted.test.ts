/** The comparison can fail: it detects faults that the proxy plays, and every small change of a recording. */
import { beforeAll, describe, expect, it } from 'vitest'
import { encode } from '../../src/protocol/jute.ts'
import { PacketType } from '../../src/protocol/opcodes.ts'
import { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import { differenceOf } from './compare.ts'
import { expectedOf } from './differences.ts'
import { readGolden } from './golden.ts'
import { type Scene, type TraceContext, traceOf } from './normal/trace.ts'
import { perform } from './perform.ts'
import { outstanding } from './plays/outstanding.ts'
import { isPacket, type Play } from './plays/play.ts'
import { recordingUnavailable } from './recording/addresses.ts'
import type { Content, Frame } from './recording/frames.ts'
import type { Fault } from './recording/proxy.ts'
import { Recording, type Said } from './recording/recording.ts'

const play: Play = outstanding
const expected = () => expectedOf(readGolden(play), () => true)

describe.skipIf(recordingUnavailable() !== undefined)('a member at fault', () => {
  it('that leaves the config out of NEWLEADER is detected', async () => {
    const { scenes } = await perform(play, 'ZZZ', withoutConfig)
    expect(differenceOf(expected(), scenes)).toContain('+ 2 > 1 NEWLEADER 0x100000000, no config')
  })

  it('that acknowledges a write before NEWLEADER is detected', async () => {
    const { scenes } = await perform(play, 'ZZZ', exchangedAcks())
    const difference = differenceOf(expected(), scenes)
    expect(difference).toMatch(/\+ 3 > 2 ACK 0x100000003\n.*NEWLEADER[\s\S]*- 3 > 2 ACK 0x100000003/)
  })
})

describe.skipIf(recordingUnavailable() !== undefined)('a recording with a change', () => {
  let recording: Recording
  let context: TraceContext
  let scenes: readonly Scene[]

  beforeAll(async () => {
    const performance = await perform(play, 'ZZZ')
    ;({ recording, scenes, context } = performance)
  })

  const quorumPackets = () => {
    return recording.said.filter((said) => isQuorumPacket(said) && !isPacket(PacketType.ping)(said))
  }

  it('is as expected without the change', () => {
    expect(differenceOf(expected(), scenes)).toBeNull()
    expect(quorumPackets().length).toBeGreaterThan(30)
  })

  it('is detected whichever packet is missing', () => {
    for (const said of quorumPackets()) {
      const without = replaced(recording, (one) => (one === said ? [] : [one]))
      expect(differenceOf(scenes, traceOf(without, context)), textOf(said)).not.toBeNull()
    }
  })

  it('is detected whichever packet comes twice', () => {
    for (const said of quorumPackets()) {
      const twice = replaced(recording, (one) => (one === said ? [one, one] : [one]))
      expect(differenceOf(scenes, traceOf(twice, context)), textOf(said)).not.toBeNull()
    }
  })

  it('is detected whichever neighbours of one direction are exchanged', () => {
    const packets = quorumPackets()
    for (const said of packets) {
      const next = packets.find((other) => {
        const isSame = other.conversation === said.conversation && other.from === said.from
        return isSame && packets.indexOf(other) > packets.indexOf(said)
      })
      if (next === undefined) continue
      const swapped = replaced(recording, (one) => [one === said ? next : one === next ? said : one])
      expect(differenceOf(scenes, traceOf(swapped, context)), textOf(said)).not.toBeNull()
    }
  })

  it('is detected whichever zxid is changed', () => {
    for (const said of quorumPackets()) {
      const { content } = said
      if (content.kind !== 'packet') continue
      const zxid = (content.packet.zxid + 7) as QuorumPacket['zxid']
      const other = { ...said, content: { ...content, packet: { ...content.packet, zxid } } }
      const changed = replaced(recording, (one) => [one === said ? other : one])
      expect(differenceOf(scenes, traceOf(changed, context)), textOf(said)).not.toBeNull()
    }
  })

  it('is detected when a last vote names another member, or a worse one follows it', () => {
    const votes = recording.said.filter(({ content }) => content.kind === 'notification')
    const last = votes.findLast(({ from, to }) => from === 1 && to === 2)
    if (last?.content.kind !== 'notification') throw new Error('member 1 never voted')
    const worse: Content = {
      ...last.content,
      notification: { ...last.content.notification, leader: 1 as typeof last.content.notification.leader },
    }
    const changed = replaced(recording, (one) => (one === last ? [one, { ...one, content: worse }] : [one]))
    expect(differenceOf(scenes, traceOf(changed, context))).toContain('! a worse vote')
  })

  it('shows undecodable bytes, with the bytes', () => {
    const [first] = quorumPackets()
    if (first === undefined) throw new Error('nothing was said')
    const content: Content = { kind: 'undecodable', problem: 'a packet of the unknown type 99' }
    const broken = { ...first, content, raw: Buffer.from('00000063', 'hex') }
    const changed = replaced(recording, (one) => [one === first ? broken : one])
    expect(differenceOf(scenes, traceOf(changed, context))).toContain(
      '! a packet of the unknown type 99: 00000063',
    )
  })
})

const isQuorumPacket = ({ conversation, content }: Said) =>
  conversation.port === 'quorum' && content.kind === 'packet'

const textOf = ({ from, to, raw }: Said) => `${from} > ${to} ${raw.toString('hex')}`

function replaced({ scenes, said }: Recording, become: (said: Said) => Said[]): Recording {
  const changed = new Recording()
  changed.scenes.push(...scenes)
  changed.said.push(...said.flatMap(become))
  return changed
}

const packetFrame = (packet: QuorumPacket): Frame => ({
  content: { kind: 'packet', packet, database: null, signature: null },
  raw: encode(QuorumPacket, packet),
})

const withoutConfig: Fault = (_, frame) => {
  const { content } = frame
  if (content.kind !== 'packet' || content.packet.type !== PacketType.newLeader) return [frame]
  return [packetFrame({ ...content.packet, data: null })]
}

/** Exchanges the third member's first two acknowledgements: the write is acknowledged before NEWLEADER. */
function exchangedAcks(): Fault {
  let waiting: Frame | null = null
  let isDone = false
  return (said, frame) => {
    if (isDone || said.from !== 3 || !isPacket(PacketType.ack)(said)) return [frame]
    if (waiting === null) {
      waiting = frame
      return []
    }
    isDone = true
    return [frame, waiting]
  }
}
